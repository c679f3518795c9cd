//! Runs the programs of `examples/clients` against a server, through a relay that loses responses.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use axum::http::{HeaderMap, Response, StatusCode};
use futures_util::stream;
use tokio::net::TcpListener;

use crate::app::TestApp;

/// What each program prints.
const OUTPUT: &str = "\
signed in as ada@example.com
refreshed
called again after a 401
signed out: session_ended
";

#[tokio::test]
async fn the_curl_example_signs_in_refreshes_retries_and_revokes() {
    assert_example_works("sh", "curl.sh", &["curl", "jq"]).await;
}

#[tokio::test]
async fn the_javascript_example_signs_in_refreshes_retries_and_revokes() {
    assert_example_works("node", "client.mjs", &["node"]).await;
}

#[tokio::test]
async fn the_python_example_signs_in_refreshes_retries_and_revokes() {
    assert_example_works("python3", "client.py", &["python3"]).await;
}

async fn assert_example_works(interpreter: &'static str, file: &str, needs: &[&str]) {
    for program in needs {
        let found = Command::new(program).arg("--version").output();
        found.unwrap_or_else(|error| {
            panic!("`{program}`: {error}; install it with your system's package manager")
        });
    }
    let app = TestApp::start().await;
    let relay = Relay::start(&app).await;
    let (url, script) = (relay.url.clone(), examples().join(file));
    let run = move || {
        let mut command = Command::new(interpreter);
        for variable in ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"] {
            command.env_remove(variable);
        }
        command.arg(script).arg(url).output()
    };
    let output = tokio::task::spawn_blocking(run).await.expect("no panic");
    let output = output.expect("the interpreter starts");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{file}: {}: {stderr}",
        output.status
    );
    assert_eq!(String::from_utf8_lossy(&output.stdout), OUTPUT, "{stderr}");

    // The first refresh was sent three times, because two responses were lost. The second follows
    // the 401, and the third is refused, because the session is over.
    let keys = relay.state.keys.lock().expect("not poisoned").clone();
    let [first, repeated, again, second, third] = &keys[..] else {
        panic!("{file} sent refreshes with the keys {keys:?}");
    };
    assert!(first == repeated && first == again, "{keys:?}");
    assert!(first != second && second != third, "{keys:?}");
}

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/clients")
}

/// Forwards requests to a server. Truncates the response to the first refresh, and replaces the
/// response to its retry with a 503, as a load balancer would.
struct Relay {
    url: String,
    state: Arc<RelayState>,
}

struct RelayState {
    server: String,
    http: reqwest::Client,
    /// The idempotency keys of all refreshes, in the order of the requests.
    keys: Mutex<Vec<String>>,
}

impl Relay {
    async fn start(app: &TestApp) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let state = Arc::new(RelayState {
            server: app.url.clone(),
            http: app.http.clone(),
            keys: Mutex::default(),
        });
        let router = Router::new().fallback(forward).with_state(state.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, state }
    }
}

async fn forward(State(relay): State<Arc<RelayState>>, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, 65_536).await.expect("a small request");
    let is_refresh = String::from_utf8_lossy(&body).contains("grant_type=refresh_token");
    let url = format!("{}{}", relay.server, parts.uri);
    let sent = relay.http.request(parts.method, url).body(body);
    let response = sent.headers(end_to_end(&parts.headers)).send().await;
    let response = response.expect("the server responds");
    let mut relayed = Response::builder().status(response.status());
    *relayed.headers_mut().expect("valid so far") = end_to_end(response.headers());
    let body = response.bytes().await.expect("the whole response");
    let mut nth_refresh = 0;
    if is_refresh {
        let key = parts.headers["idempotency-key"]
            .to_str()
            .expect("visible ASCII");
        let mut keys = relay.keys.lock().expect("not poisoned");
        keys.push(key.to_owned());
        nth_refresh = keys.len();
    }
    let body = match nth_refresh {
        1 => {
            let half = body.slice(..body.len() / 2);
            Body::from_stream(stream::iter([Ok(half), Err("the connection broke")]))
        }
        2 => {
            relayed = Response::builder().status(StatusCode::SERVICE_UNAVAILABLE);
            Body::empty()
        }
        _ => Body::from(body),
    };
    relayed.body(body).expect("a response")
}

/// The headers that a proxy forwards.
fn end_to_end(headers: &HeaderMap) -> HeaderMap {
    let mut headers = headers.clone();
    for name in [HOST, CONTENT_LENGTH, TRANSFER_ENCODING] {
        headers.remove(name);
    }
    headers
}
