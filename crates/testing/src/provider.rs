//! An OpenID provider on a free port that answers as a test scripts it, and records its requests.

mod key;
mod stall;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use url::form_urlencoded;

pub use self::key::ProviderKey;
pub use self::stall::Stall;
use crate::client::{ApiClient, Begun, Callback};

/// A request to a provider is no larger than this.
const MAX_BODY: usize = 65_536;

/// What the provider answers. Everything is in order at first; a test changes what it wants wrong.
#[derive(Debug)]
pub struct Script {
    /// The discovery document.
    pub metadata: Value,
    /// The key set.
    pub jwks: Value,
    /// Signs the claims.
    pub key: Arc<ProviderKey>,
    /// The claims of the next ID token.
    pub claims: Value,
    /// The token response. Without a member `id_token`, the claims are signed for each request.
    pub tokens: Value,
    /// What the userinfo endpoint answers; not found if null.
    pub userinfo: Value,
    /// Answered at a path instead of the above.
    pub instead: HashMap<&'static str, Answer>,
    /// How long to wait before anything is answered.
    pub pause: Duration,
    /// The requests so far.
    pub seen: Vec<Seen>,
    /// The claims of people who signed in by name, by the authorization code of each.
    grants: HashMap<String, Value>,
}

/// A response that is not made from the script.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// Header names and values.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Bytes,
}

impl Answer {
    /// A response in JSON.
    pub fn json(status: u16, body: &Value) -> Self {
        Self::bytes(status, "application/json", body.to_string())
    }

    /// A response of any media type.
    pub fn bytes(status: u16, media_type: &str, body: impl Into<Bytes>) -> Self {
        Self {
            status,
            headers: vec![("content-type", media_type.to_owned())],
            body: body.into(),
        }
    }
}

/// A request that the provider received.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Its path, without the query.
    pub path: String,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: String,
}

/// A running provider; it stops when dropped.
///
/// ```
/// use latchkey_testing::{Answer, ScriptedProvider};
/// use serde_json::json;
///
/// # #[tokio::main]
/// # async fn main() {
/// let provider = ScriptedProvider::start().await;
/// provider.script().claims["email"] = json!("grace@example.com");
/// provider.script().instead.insert(ScriptedProvider::TOKEN, Answer::json(503, &json!({})));
/// assert_eq!(provider.count(ScriptedProvider::TOKEN), 0);
/// # }
/// ```
#[derive(Debug)]
pub struct ScriptedProvider {
    /// Its issuer identifier, which is its URL.
    pub issuer: String,
    script: Arc<Mutex<Script>>,
    serving: JoinHandle<()>,
}

impl Drop for ScriptedProvider {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl ScriptedProvider {
    /// The client that a Latchkey under test is registered as.
    pub const CLIENT_ID: &str = "client-1";
    /// The secret of that client.
    pub const CLIENT_SECRET: &str = "the-client-secret";
    /// The path of the discovery document.
    pub const DISCOVERY: &str = "/.well-known/openid-configuration";
    /// The path of the key set.
    pub const JWKS: &str = "/jwks";
    /// The path of the token endpoint.
    pub const TOKEN: &str = "/token";
    /// The path of the userinfo endpoint, which the discovery document does not name at first.
    pub const USERINFO: &str = "/userinfo";

    /// Starts a provider that knows Ada, with a key for ES256.
    pub async fn start() -> Self {
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

    /// What it answers, to be read and changed.
    pub fn script(&self) -> MutexGuard<'_, Script> {
        locked(&self.script)
    }

    /// Makes `id_token` the one that is handed out.
    pub fn hand_out(&self, id_token: &str) {
        self.script().tokens["id_token"] = id_token.into();
    }

    /// Makes the token endpoint refuse with this error (RFC 6749 §5.2), until
    /// [`Script::instead`] is cleared.
    pub fn refuse(&self, error: &Value) {
        let refusal = Answer::json(400, error);
        self.script().instead.insert(Self::TOKEN, refusal);
    }

    /// How often a path was asked for.
    pub fn count(&self, path: &str) -> usize {
        let script = self.script();
        script.seen.iter().filter(|seen| seen.path == path).count()
    }

    /// The last request of this path; panics if there was none.
    pub fn last(&self, path: &str) -> Seen {
        let script = self.script();
        let last = script.seen.iter().rfind(|seen| seen.path == path);
        last.expect("it was asked for").clone()
    }

    /// The section that makes it a provider in a server's configuration.
    pub fn section(&self, name: &str) -> String {
        Self::section_of(name, &self.issuer)
    }

    /// The same for any issuer, whether or not anything answers there.
    pub fn section_of(name: &str, issuer: &str) -> String {
        format!(
            "[providers.{name}]\nissuer = \"{issuer}\"\nclient_id = \"{}\"\n\
             client_secret = \"{}\"\n",
            Self::CLIENT_ID,
            Self::CLIENT_SECRET
        )
    }

    /// Makes ID tokens say that they are issued at this moment, in seconds since 1970, after a login
    /// at the same moment, and that they end five minutes later.
    pub fn tell_time(&self, now: u64) {
        let mut script = self.script();
        script.claims["iat"] = now.into();
        script.claims["auth_time"] = now.into();
        script.claims["exp"] = (now + 300).into();
    }

    /// Lets the person of [`Script::claims`] in: what the browser is sent back with.
    pub fn approve(&self, begun: &Begun) -> Callback {
        let request: Callback = begun.authorize.query_pairs().into_owned().collect();
        self.script().claims["nonce"] = request["nonce"].as_str().into();
        callback(&request, "code-1")
    }

    /// Lets the person with this address in, who is known by it. Any number of people can be on
    /// their way at the same time.
    pub fn approve_as(&self, begun: &Begun, email: &str) -> Callback {
        let request: Callback = begun.authorize.query_pairs().into_owned().collect();
        let mut script = self.script();
        let mut claims = script.claims.clone();
        claims["nonce"] = request["nonce"].as_str().into();
        claims["sub"] = email.into();
        claims["email"] = email.into();
        claims["name"] = email.split('@').next().into();
        let code = format!("code-for-{}", request["state"]);
        script.grants.insert(code.clone(), claims);
        callback(&request, &code)
    }

    /// A whole sign-in with it, as the provider of this name: what the token endpoint answers.
    pub async fn sign_in(&self, client: &ApiClient, name: &str) -> reqwest::Response {
        let begun = client.begin(name).await;
        let callback = self.approve(&begun);
        client.finish(&begun.cookie, &callback).await
    }
}

/// What a browser is sent back with.
fn callback(request: &Callback, code: &str) -> Callback {
    let mut callback = Callback::new();
    callback.insert("code".into(), code.into());
    for name in ["state", "redirect_uri"] {
        callback.insert(name.into(), request[name].clone());
    }
    callback
}

impl Script {
    fn good(issuer: &str) -> Self {
        let key = ProviderKey::ec("key-1");
        Self {
            metadata: json!({
                "issuer": issuer,
                "authorization_endpoint": format!("{issuer}/authorize"),
                "token_endpoint": format!("{issuer}{}", ScriptedProvider::TOKEN),
                "jwks_uri": format!("{issuer}{}", ScriptedProvider::JWKS),
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["ES256"],
            }),
            jwks: json!({ "keys": [key.jwk()] }),
            key: Arc::new(key),
            claims: json!({
                "iss": issuer,
                "sub": "subject-1",
                "aud": ScriptedProvider::CLIENT_ID,
                "iat": 1_800_000_000,
                "exp": 1_800_000_300,
                "auth_time": 1_800_000_000,
                "email": "ada@example.com",
                "email_verified": true,
                "name": "Ada Lovelace",
            }),
            tokens: json!({
                "access_token": "the-access-token",
                "token_type": "Bearer",
                "expires_in": 300,
            }),
            userinfo: Value::Null,
            instead: HashMap::new(),
            pause: Duration::ZERO,
            seen: Vec::new(),
            grants: HashMap::new(),
        }
    }

    /// Signs with another key from now on, and publishes that one alone.
    pub fn rotate(&mut self, key: ProviderKey) {
        self.jwks = json!({ "keys": [key.jwk()] });
        self.key = Arc::new(key);
    }

    /// The token response as it is sent, for this authorization code.
    pub fn token_response(&self, code: &str) -> Value {
        let mut tokens = self.tokens.clone();
        if tokens.get("id_token").is_none() {
            let claims = self.grants.get(code).unwrap_or(&self.claims);
            tokens["id_token"] = self.key.sign(claims).into();
        }
        tokens
    }

    fn answer(&self, request: &Seen) -> Answer {
        if let Some(instead) = self.instead.get(request.path.as_str()) {
            return instead.clone();
        }
        match request.path.as_str() {
            ScriptedProvider::DISCOVERY => Answer::json(200, &self.metadata),
            ScriptedProvider::JWKS => Answer::json(200, &self.jwks),
            ScriptedProvider::TOKEN => {
                let mut form = form_urlencoded::parse(request.body.as_bytes());
                let code = form.find(|(name, _)| name == "code");
                let code = code.map(|(_, code)| code).unwrap_or_default();
                Answer::json(200, &self.token_response(&code))
            }
            ScriptedProvider::USERINFO if !self.userinfo.is_null() => {
                Answer::json(200, &self.userinfo)
            }
            _ => Answer::bytes(404, "text/plain", "nothing here"),
        }
    }
}

fn locked(script: &Mutex<Script>) -> MutexGuard<'_, Script> {
    script.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn answer(State(script): State<Arc<Mutex<Script>>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, MAX_BODY).await.expect("a small request");
    let seen = Seen {
        path: parts.uri.path().to_owned(),
        headers: parts.headers,
        body: String::from_utf8(body.to_vec()).expect("text"),
    };
    let (answer, pause) = {
        let mut script = locked(&script);
        let answer = script.answer(&seen);
        script.seen.push(seen);
        (answer, script.pause)
    };
    tokio::time::sleep(pause).await;
    let status = StatusCode::from_u16(answer.status).expect("a status");
    let mut response = Response::builder().status(status);
    for (name, value) in answer.headers {
        response = response.header(name, value);
    }
    response.body(Body::from(answer.body)).expect("a response")
}
