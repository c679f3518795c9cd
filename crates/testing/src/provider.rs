//! An OpenID provider on a free port. The test scripts its responses and inspects its requests.

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
use url::form_urlencoded;

pub use self::key::ProviderKey;
pub use self::stall::Stall;
use crate::client::{ApiClient, Callback, PendingSignIn};
use crate::scripted::{Bound, Serving};

/// The maximum size of a request.
const MAX_BODY_BYTES: usize = 65_536;

/// The responses of the provider. They are valid at first; a test changes what it needs.
#[derive(Debug)]
pub struct Script {
    /// The discovery document.
    pub metadata: Value,
    /// The key set.
    pub jwks: Value,
    /// The key that signs the claims.
    pub key: Arc<ProviderKey>,
    /// The claims of the next ID token.
    pub claims: Value,
    /// The token response. If it has no `id_token`, the claims are signed for each request.
    pub tokens: Value,
    /// The response of the userinfo endpoint; 404 if null.
    pub userinfo: Value,
    /// Responses by path, which replace those above.
    pub overrides: HashMap<&'static str, ScriptedResponse>,
    /// The delay before each response.
    pub pause: Duration,
    /// The requests that were received.
    pub requests: Vec<ReceivedRequest>,
    /// The claims by authorization code, for [`ScriptedProvider::approve_as`].
    grants: HashMap<String, Value>,
}

/// A complete response.
#[derive(Clone, Debug)]
pub struct ScriptedResponse {
    /// The status code.
    pub status: u16,
    /// Header names and values.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Bytes,
}

impl ScriptedResponse {
    /// A JSON response.
    pub fn json(status: u16, body: &Value) -> Self {
        Self::bytes(status, "application/json", body.to_string())
    }

    /// A response with any media type.
    pub fn bytes(status: u16, media_type: &str, body: impl Into<Bytes>) -> Self {
        Self {
            status,
            headers: vec![("content-type", media_type.to_owned())],
            body: body.into(),
        }
    }
}

impl ScriptedResponse {
    pub(crate) fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).expect("a status");
        let mut response = Response::builder().status(status);
        for (name, value) in self.headers {
            response = response.header(name, value);
        }
        response.body(Body::from(self.body)).expect("a response")
    }
}

/// A request that the provider received.
#[derive(Clone, Debug)]
pub struct ReceivedRequest {
    /// The path, without the query.
    pub path: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: String,
}

impl ReceivedRequest {
    pub(crate) async fn read(request: Request) -> Self {
        let (parts, body) = request.into_parts();
        let body = to_bytes(body, MAX_BODY_BYTES)
            .await
            .expect("a small request");
        Self {
            path: parts.uri.path().to_owned(),
            headers: parts.headers,
            body: String::from_utf8(body.to_vec()).expect("text"),
        }
    }
}

/// A running provider, which stops when this value is dropped.
///
/// ```
/// use latchkey_testing::{ScriptedProvider, ScriptedResponse};
/// use serde_json::json;
///
/// # #[tokio::main]
/// # async fn main() {
/// let provider = ScriptedProvider::start().await;
/// provider.script().claims["email"] = json!("grace@example.com");
/// let outage = ScriptedResponse::json(503, &json!({}));
/// provider.script().overrides.insert(ScriptedProvider::TOKEN, outage);
/// assert_eq!(provider.count(ScriptedProvider::TOKEN), 0);
/// # }
/// ```
#[derive(Debug)]
pub struct ScriptedProvider {
    /// The issuer identifier, which is also the URL of the provider.
    pub issuer: String,
    script: Arc<Mutex<Script>>,
    _serving: Serving,
}

impl ScriptedProvider {
    /// The client id with which Latchkey is registered at this provider.
    pub const CLIENT_ID: &str = "client-1";
    /// The client secret.
    pub const CLIENT_SECRET: &str = "the-client-secret";
    /// The path of the discovery document.
    pub const DISCOVERY: &str = "/.well-known/openid-configuration";
    /// The path of the key set.
    pub const JWKS: &str = "/jwks";
    /// The path of the token endpoint.
    pub const TOKEN: &str = "/token";
    /// The path of the userinfo endpoint. The discovery document contains it only if the test adds it.
    pub const USERINFO: &str = "/userinfo";

    /// Starts a provider with an ES256 key and the user Ada.
    pub async fn start() -> Self {
        let bound = Bound::bind().await;
        let issuer = bound.url.clone();
        let script = Arc::new(Mutex::new(Script::valid(&issuer)));
        let app = Router::new().fallback(handle).with_state(script.clone());
        Self {
            issuer,
            script,
            _serving: bound.serve(app),
        }
    }

    /// The script, to read or change the responses.
    pub fn script(&self) -> MutexGuard<'_, Script> {
        locked(&self.script)
    }

    /// Makes the token endpoint return this ID token.
    pub fn set_id_token(&self, id_token: &str) {
        self.script().tokens["id_token"] = id_token.into();
    }

    /// Makes the token endpoint return this error (RFC 6749 §5.2) until [`Script::overrides`] is cleared.
    pub fn refuse(&self, error: &Value) {
        let refusal = ScriptedResponse::json(400, error);
        self.script().overrides.insert(Self::TOKEN, refusal);
    }

    /// The number of requests to a path.
    pub fn count(&self, path: &str) -> usize {
        let script = self.script();
        script
            .requests
            .iter()
            .filter(|request| request.path == path)
            .count()
    }

    /// The last request to this path. Panics if there was none.
    pub fn last(&self, path: &str) -> ReceivedRequest {
        let script = self.script();
        let last = script.requests.iter().rfind(|request| request.path == path);
        last.expect("no request to this path").clone()
    }

    /// The configuration section for this provider.
    pub fn section(&self, name: &str) -> String {
        Self::section_of(name, &self.issuer)
    }

    /// The configuration section for any issuer.
    pub fn section_of(name: &str, issuer: &str) -> String {
        format!(
            "[providers.{name}]\nissuer = \"{issuer}\"\nclient_id = \"{}\"\n\
             client_secret = \"{}\"\n",
            Self::CLIENT_ID,
            Self::CLIENT_SECRET
        )
    }

    /// Sets `iat` and `auth_time` of ID tokens to this time in seconds since the Unix epoch, and `exp`
    /// to five minutes later.
    pub fn set_time(&self, now: u64) {
        let mut script = self.script();
        script.claims["iat"] = now.into();
        script.claims["auth_time"] = now.into();
        script.claims["exp"] = (now + 300).into();
    }

    /// Signs in the user of [`Script::claims`] and returns the parameters of the callback.
    pub fn approve(&self, begun: &PendingSignIn) -> Callback {
        let request: Callback = begun.authorize.query_pairs().into_owned().collect();
        self.script().claims["nonce"] = request["nonce"].as_str().into();
        callback(&request, "code-1")
    }

    /// Signs in a user with this email address, which is also the subject, and returns the parameters
    /// of the callback. Several sign-ins can be in progress at the same time.
    pub fn approve_as(&self, begun: &PendingSignIn, email: &str) -> Callback {
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

    /// Performs a complete sign-in with this provider, whose id in Latchkey's configuration is `name`.
    /// Returns the response of the token endpoint.
    pub async fn sign_in(&self, client: &ApiClient, name: &str) -> reqwest::Response {
        let begun = client.begin(name).await;
        let callback = self.approve(&begun);
        client.finish(&begun.cookie, &callback).await
    }
}

/// The parameters of the callback.
pub(crate) fn callback(request: &Callback, code: &str) -> Callback {
    let mut callback = Callback::new();
    callback.insert("code".into(), code.into());
    for name in ["state", "redirect_uri"] {
        callback.insert(name.into(), request[name].clone());
    }
    callback
}

impl Script {
    fn valid(issuer: &str) -> Self {
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
            overrides: HashMap::new(),
            pause: Duration::ZERO,
            requests: Vec::new(),
            grants: HashMap::new(),
        }
    }

    /// Signs with this key from now on, and publishes only this key.
    pub fn rotate(&mut self, key: ProviderKey) {
        self.jwks = json!({ "keys": [key.jwk()] });
        self.key = Arc::new(key);
    }

    /// The token response for this authorization code.
    pub fn token_response(&self, code: &str) -> Value {
        let mut tokens = self.tokens.clone();
        if tokens.get("id_token").is_none() {
            let claims = self.grants.get(code).unwrap_or(&self.claims);
            tokens["id_token"] = self.key.sign(claims).into();
        }
        tokens
    }

    fn respond(&self, request: &ReceivedRequest) -> ScriptedResponse {
        if let Some(response) = self.overrides.get(request.path.as_str()) {
            return response.clone();
        }
        match request.path.as_str() {
            ScriptedProvider::DISCOVERY => ScriptedResponse::json(200, &self.metadata),
            ScriptedProvider::JWKS => ScriptedResponse::json(200, &self.jwks),
            ScriptedProvider::TOKEN => {
                let mut form = form_urlencoded::parse(request.body.as_bytes());
                let code = form.find(|(name, _)| name == "code");
                let code = code.map(|(_, code)| code).unwrap_or_default();
                ScriptedResponse::json(200, &self.token_response(&code))
            }
            ScriptedProvider::USERINFO if !self.userinfo.is_null() => {
                ScriptedResponse::json(200, &self.userinfo)
            }
            _ => ScriptedResponse::bytes(404, "text/plain", "not found"),
        }
    }
}

pub(crate) fn locked<T>(script: &Mutex<T>) -> MutexGuard<'_, T> {
    script.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn handle(State(script): State<Arc<Mutex<Script>>>, request: Request) -> Response {
    let received = ReceivedRequest::read(request).await;
    let (scripted, pause) = {
        let mut script = locked(&script);
        let scripted = script.respond(&received);
        script.requests.push(received);
        (scripted, script.pause)
    };
    tokio::time::sleep(pause).await;
    scripted.into_response()
}
