//! The initial state of the scripted provider in these tests: everything is valid.

use latchkey_testing::ScriptedProvider;
use serde_json::{Value, json};

use crate::flow::{CLIENT_ID, NONCE, NOW};
use crate::keys::RSA;

pub(crate) const DISCOVERY: &str = ScriptedProvider::DISCOVERY;
pub(crate) const JWKS: &str = ScriptedProvider::JWKS;
pub(crate) const TOKEN: &str = ScriptedProvider::TOKEN;
pub(crate) const USERINFO: &str = ScriptedProvider::USERINFO;

/// Starts a provider for the client of these tests, with an RSA key and a userinfo endpoint.
pub(crate) async fn start() -> ScriptedProvider {
    let provider = ScriptedProvider::start().await;
    let issuer = &provider.issuer;
    {
        let mut script = provider.script();
        script.metadata["authorization_endpoint"] = format!("{issuer}/authorize?tenant=1").into();
        script.metadata["userinfo_endpoint"] = format!("{issuer}{USERINFO}").into();
        script.metadata["id_token_signing_alg_values_supported"] =
            json!(["RS256", "HS256", "none"]);
        script.jwks = json!({ "keys": [RSA.jwk()] });
        script.key = RSA.clone();
        script.claims = claims(issuer);
        script.tokens["token_type"] = "bearer".into();
        script.userinfo = json!({ "sub": "subject-1", "name": "Ada Lovelace" });
    }
    provider
}

/// The claims of a valid ID token of this issuer.
pub(crate) fn claims(issuer: &str) -> Value {
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
