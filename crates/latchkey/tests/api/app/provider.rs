//! An OpenID provider of the test's own, which says what the test wants it to say.

use std::sync::{Arc, Mutex, MutexGuard};

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::{Json, Router};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::TestApp;
use super::sign_in::{Begun, Callback};

/// The client that every test registers with it.
const CLIENT_ID: &str = "client-1";

/// A key of the provider.
pub(crate) struct ProviderKey {
    kid: String,
    private: EncodingKey,
}

impl ProviderKey {
    pub(crate) fn new(kid: &str) -> Self {
        let pkcs8 = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)
            .and_then(|pair| pair.to_pkcs8v1())
            .expect("a key");
        Self {
            kid: kid.to_owned(),
            private: EncodingKey::from_ec_der(pkcs8.as_ref()),
        }
    }

    fn public(&self) -> Jwk {
        let mut jwk = Jwk::from_encoding_key(&self.private, Algorithm::ES256).expect("a key");
        jwk.common.key_id = Some(self.kid.clone());
        jwk
    }

    fn sign(&self, claims: &Value) -> String {
        let mut header = Header::new(Algorithm::ES256);
        header.kid = Some(self.kid.clone());
        jsonwebtoken::encode(&header, claims, &self.private).expect("a token")
    }
}

/// What it answers.
pub(crate) struct Script {
    pub(crate) metadata: Value,
    pub(crate) claims: Value,
    pub(crate) key: ProviderKey,
    /// Answered by the token endpoint instead, with status 400.
    pub(crate) refusal: Option<Value>,
    /// Members of the token response, over the usual ones.
    pub(crate) tokens: Value,
    /// What the userinfo endpoint answers, if there is one.
    pub(crate) userinfo: Option<(StatusCode, Value)>,
    /// Handed out instead of a signed ID token.
    pub(crate) id_token: Option<String>,
    /// The paths asked for.
    pub(crate) seen: Vec<String>,
}

pub(crate) struct ScriptedProvider {
    pub(crate) issuer: String,
    script: Arc<Mutex<Script>>,
    serving: JoinHandle<()>,
}

impl Drop for ScriptedProvider {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl ScriptedProvider {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let issuer = format!("http://{}", listener.local_addr().expect("an address"));
        let script = Arc::new(Mutex::new(Script {
            metadata: json!({
                "issuer": issuer,
                "authorization_endpoint": format!("{issuer}/authorize"),
                "token_endpoint": format!("{issuer}/token"),
                "jwks_uri": format!("{issuer}/jwks"),
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["ES256"],
            }),
            claims: json!({
                "iss": issuer,
                "sub": "subject-1",
                "aud": CLIENT_ID,
                "iat": 1_800_000_000,
                "exp": 1_800_000_300,
                "auth_time": 1_800_000_000,
                "email": "ada@example.com",
                "email_verified": true,
                "name": "Ada Lovelace",
            }),
            key: ProviderKey::new("key-1"),
            refusal: None,
            tokens: json!({}),
            userinfo: None,
            id_token: None,
            seen: Vec::new(),
        }));
        let router = Router::new().fallback(answer).with_state(script.clone());
        let serving = tokio::spawn(async move {
            axum::serve(listener, router).await.expect("serving");
        });
        Self {
            issuer,
            script,
            serving,
        }
    }

    pub(crate) fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().expect("nobody panicked with the script")
    }

    /// The section that makes it a provider of a server.
    pub(crate) fn section(&self, name: &str) -> String {
        section(name, &self.issuer)
    }

    /// How often a path was asked for.
    pub(crate) fn asked(&self, path: &str) -> usize {
        let script = self.script();
        script.seen.iter().filter(|seen| *seen == path).count()
    }

    /// Lets the person in: what the browser is sent back with, for this sign-in.
    pub(crate) fn approve(&self, begun: &Begun) -> Callback {
        let asked: Callback = begun.authorize.query_pairs().into_owned().collect();
        self.script().claims["nonce"] = asked["nonce"].as_str().into();
        let mut callback = Callback::new();
        callback.insert("code".into(), "code-1".into());
        callback.insert("state".into(), asked["state"].clone());
        callback.insert("redirect_uri".into(), asked["redirect_uri"].clone());
        callback
    }

    /// A whole sign-in with it.
    pub(crate) async fn sign_in(&self, app: &TestApp, name: &str) -> reqwest::Response {
        let begun = app.begin(name).await;
        let callback = self.approve(&begun);
        app.finish(&begun.cookie, &callback).await
    }
}

/// The section that names an issuer, whoever answers there.
pub(crate) fn section(name: &str, issuer: &str) -> String {
    format!(
        "[providers.{name}]\nissuer = \"{issuer}\"\nclient_id = \"{CLIENT_ID}\"\n\
         client_secret = \"the-client-secret\"\n"
    )
}

async fn answer(State(script): State<Arc<Mutex<Script>>>, request: Request) -> Response {
    let mut script = script.lock().expect("nobody panicked with the script");
    let path = request.uri().path().to_owned();
    script.seen.push(path.clone());
    match path.as_str() {
        "/.well-known/openid-configuration" => Json(script.metadata.clone()).into_response(),
        "/jwks" => Json(json!({ "keys": [script.key.public()] })).into_response(),
        "/token" => {
            if let Some(refusal) = &script.refusal {
                return (StatusCode::BAD_REQUEST, Json(refusal.clone())).into_response();
            }
            let signed = || script.key.sign(&script.claims);
            let id_token = script.id_token.clone().unwrap_or_else(signed);
            let mut tokens = json!({
                "access_token": "the-providers-access-token",
                "token_type": "Bearer",
                "expires_in": 300,
                "id_token": id_token,
            });
            merge(&mut tokens, &script.tokens);
            Json(tokens).into_response()
        }
        "/userinfo" => match &script.userinfo {
            Some((status, info)) => (*status, Json(info.clone())).into_response(),
            None => StatusCode::NOT_FOUND.into_response(),
        },
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Puts the members of `more` over those of `into`.
pub(crate) fn merge(into: &mut Value, more: &Value) {
    let more = more.as_object().expect("an object").clone();
    into.as_object_mut().expect("an object").extend(more);
}
