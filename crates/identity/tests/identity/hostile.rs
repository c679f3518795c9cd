//! An OpenID provider on a free port that answers as its script says, and remembers what it was
//! asked.

use core::time::Duration;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::flow::{CLIENT_ID, NONCE, NOW};
use crate::keys::RSA;

pub(crate) const DISCOVERY: &str = "/.well-known/openid-configuration";
pub(crate) const JWKS: &str = "/jwks";
pub(crate) const TOKEN: &str = "/token";
pub(crate) const USERINFO: &str = "/userinfo";

/// What is answered. At first everything is as it should be.
pub(crate) struct Script {
    pub(crate) metadata: Value,
    pub(crate) jwks: Value,
    pub(crate) tokens: Value,
    pub(crate) userinfo: Value,
    /// Answered at a path instead of the above.
    pub(crate) instead: HashMap<&'static str, Plain>,
    /// How long to take before anything is answered.
    pub(crate) pause: Duration,
    seen: Vec<Seen>,
}

/// An answer with nothing understood about it.
#[derive(Clone)]
pub(crate) struct Plain {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Bytes,
}

impl Plain {
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self::bytes(status, "application/json", body.to_string())
    }

    pub(crate) fn bytes(status: u16, media_type: &str, body: impl Into<Bytes>) -> Self {
        let headers = vec![("content-type", media_type.to_owned())];
        Self {
            status,
            headers,
            body: body.into(),
        }
    }
}

/// A request that was received.
#[derive(Clone)]
pub(crate) struct Seen {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

pub(crate) struct Hostile {
    pub(crate) issuer: String,
    script: Arc<Mutex<Script>>,
    serving: JoinHandle<()>,
}

impl Drop for Hostile {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Hostile {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let issuer = format!("http://{}", listener.local_addr().expect("an address"));
        let script = Arc::new(Mutex::new(Script::good(&issuer)));
        let app = Router::new().fallback(answer).with_state(script.clone());
        let serving = tokio::spawn(async move {
            axum::serve(listener, app).await.expect("serving");
        });
        Self {
            issuer,
            script,
            serving,
        }
    }

    pub(crate) fn script(&self) -> MutexGuard<'_, Script> {
        self.script
            .lock()
            .expect("no test panicked with the script")
    }

    /// Makes `id_token` the one that is handed out.
    pub(crate) fn hand_out(&self, id_token: &str) {
        self.script().tokens["id_token"] = id_token.into();
    }

    pub(crate) fn claims(&self) -> Value {
        claims(&self.issuer)
    }

    /// How often this path was asked for.
    pub(crate) fn count(&self, path: &str) -> usize {
        self.script()
            .seen
            .iter()
            .filter(|seen| seen.path == path)
            .count()
    }

    pub(crate) fn last(&self, path: &str) -> Seen {
        let script = self.script();
        script
            .seen
            .iter()
            .rfind(|seen| seen.path == path)
            .expect("it was asked for")
            .clone()
    }
}

impl Script {
    fn good(issuer: &str) -> Self {
        Self {
            metadata: json!({
                "issuer": issuer,
                "authorization_endpoint": format!("{issuer}/authorize?tenant=1"),
                "token_endpoint": format!("{issuer}{TOKEN}"),
                "userinfo_endpoint": format!("{issuer}{USERINFO}"),
                "jwks_uri": format!("{issuer}{JWKS}"),
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
            }),
            jwks: json!({ "keys": [RSA.jwk()] }),
            tokens: json!({
                "access_token": "the-access-token",
                "token_type": "bearer",
                "expires_in": 3600,
                "id_token": RSA.sign(&claims(issuer)),
            }),
            userinfo: json!({ "sub": "subject-1", "name": "Ada Lovelace" }),
            instead: HashMap::new(),
            pause: Duration::ZERO,
            seen: Vec::new(),
        }
    }

    fn answer(&self, path: &str) -> Plain {
        self.instead
            .get(path)
            .cloned()
            .unwrap_or_else(|| match path {
                DISCOVERY => Plain::json(200, &self.metadata),
                JWKS => Plain::json(200, &self.jwks),
                TOKEN => Plain::json(200, &self.tokens),
                USERINFO => Plain::json(200, &self.userinfo),
                _ => Plain::bytes(404, "text/plain", "nothing here"),
            })
    }
}

/// The claims of a good ID token.
fn claims(issuer: &str) -> Value {
    json!({
        "iss": issuer,
        "sub": "subject-1",
        "aud": CLIENT_ID,
        "exp": NOW.as_secs() + 300,
        "iat": NOW.as_secs(),
        "nonce": NONCE,
        "email": "ada@example.com",
        "email_verified": true,
    })
}

async fn answer(State(script): State<Arc<Mutex<Script>>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, 65_536).await.expect("a small request");
    let seen = Seen {
        path: parts.uri.path().to_owned(),
        headers: parts.headers,
        body: String::from_utf8(body.to_vec()).expect("text"),
    };
    let (plain, pause) = {
        let mut script = script.lock().expect("no test panicked with the script");
        let plain = script.answer(&seen.path);
        script.seen.push(seen);
        (plain, script.pause)
    };
    tokio::time::sleep(pause).await;
    let mut response =
        Response::builder().status(StatusCode::from_u16(plain.status).expect("a status"));
    for (name, value) in plain.headers {
        response = response.header(name, value);
    }
    response.body(Body::from(plain.body)).expect("a response")
}
