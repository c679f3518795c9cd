//! The public signing keys (RFC 7517), and their rotation.

use std::collections::BTreeSet;
use std::time::Duration;

use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use latchkey_axum::services::signing_keys::PUBLISHED_AHEAD;
use latchkey_core::denial::CLOCK_SKEW;
use latchkey_tokens::access::MAX_LIFETIME;
use latchkey_types::TokenResponse;
use serde_json::{Value, json};

use crate::app::{TestApp, decoded};
use latchkey_testing::header;

const JWKS: &str = "/.well-known/jwks.json";

#[tokio::test]
async fn security_30_keys_have_unique_ids_and_no_private_part() {
    let app = TestApp::start().await;
    rotate(&app).await;
    let jwks = app.get_json(JWKS).await;
    let keys = jwks["keys"].as_array().expect("keys");
    assert_eq!(keys.len(), 2);
    let kids: BTreeSet<_> = keys.iter().map(|key| key["kid"].to_string()).collect();
    assert_eq!(kids.len(), 2);
    for key in keys {
        let members: Vec<_> = key.as_object().expect("a key").keys().collect();
        assert_eq!(members, ["alg", "crv", "kid", "kty", "use", "x", "y"]);
        let fixed = json!([key["alg"], key["crv"], key["kty"], key["use"]]);
        assert_eq!(fixed, json!(["ES256", "P-256", "EC", "sig"]));
        let jwk: Jwk = serde_json::from_value(key.clone()).expect("a JWK");
        let thumbprint = jwk.thumbprint(jsonwebtoken::jwk::ThumbprintHash::SHA256);
        assert_eq!(key["kid"], thumbprint.expect("a thumbprint").as_str());
    }
}

#[tokio::test]
async fn keys_are_published_ahead_for_longer_than_they_are_cached() {
    let app = TestApp::start().await;
    let response = app.get(JWKS).send().await.expect("a response");
    assert_eq!(header(&response, "cache-control"), "public, max-age=300");
    assert!(PUBLISHED_AHEAD > Duration::from_mins(5));
}

#[tokio::test]
async fn other_programs_can_verify_access_tokens_with_the_published_keys() {
    for algorithm in [Algorithm::ES256, Algorithm::EdDSA] {
        let app = TestApp::with(&format!(
            "demo = true\n[tokens]\nalgorithm = \"{algorithm:?}\""
        ))
        .await;
        let token = app.sign_in().await.access_token;
        let keys = app.get_json(JWKS).await;
        let key: Jwk = serde_json::from_value(keys["keys"][0].clone()).expect("a JWK");
        let mut expected = Validation::new(algorithm);
        expected.set_audience(&[format!("{}/api", app.url)]);
        expected.set_issuer(&[&app.url]);
        let key = DecodingKey::from_jwk(&key).expect("a key");
        let verified = jsonwebtoken::decode::<Value>(&token, &key, &expected).expect("valid");
        assert_eq!(verified.claims["email"], "ada@example.com");
    }
}

#[tokio::test]
async fn security_31_a_rotated_key_verifies_until_its_last_token_has_expired() {
    let app = TestApp::start().await;
    let first = app.sign_in().await;
    let old = kid(&first);
    let new = rotate(&app).await;
    assert_eq!(
        published(&app).await,
        BTreeSet::from([old.clone(), new.clone()])
    );

    // The new key is published but does not sign yet: verifiers may have cached the old set.
    app.clock
        .advance(PUBLISHED_AHEAD.saturating_sub(Duration::from_millis(1)));
    let second = app.refreshed(&first.refresh_token).await;
    assert_eq!(kid(&second), old);
    app.clock.advance(Duration::from_millis(1));
    let third = app.refreshed(&second.refresh_token).await;
    assert_eq!(kid(&third), new);
    assert_eq!(app.check(&second.access_token).await, Ok(()));
    assert_eq!(app.check(&third.access_token).await, Ok(()));

    app.clock
        .advance((MAX_LIFETIME + CLOCK_SKEW).saturating_sub(Duration::from_millis(1)));
    assert!(published(&app).await.contains(&old));
    app.clock.advance(Duration::from_millis(1));
    assert_eq!(published(&app).await, BTreeSet::from([new]));
    assert_eq!(
        app.check(&second.access_token).await,
        Err("token_expired".into())
    );
    // The guard has cached the verification of those tokens; for a new token, it finds no key.
    let fresh = crate::app::Forge::of(&app).await;
    let mut header = fresh.header();
    header["kid"] = old.into();
    let claims = crate::app::claims(&third.access_token);
    assert_eq!(
        app.check(&fresh.sign(&header, &claims)).await,
        Err("token_invalid".into())
    );
}

#[tokio::test]
async fn security_31_rotations_survive_a_restart() {
    let app = TestApp::start().await;
    let first = app.sign_in().await;
    let new = rotate(&app).await;
    let app = app.restarted().await;
    assert!(published(&app).await.contains(&new));
    assert_eq!(app.check(&first.access_token).await, Ok(()));
    app.clock.advance(PUBLISHED_AHEAD);
    assert_eq!(kid(&app.refreshed(&first.refresh_token).await), new);
}

async fn rotate(app: &TestApp) -> String {
    let rotated = app.state.rotate_keys(None).await;
    rotated.expect("rotated").kid
}

fn kid(tokens: &TokenResponse) -> String {
    let header = decoded(&tokens.access_token, 0);
    header["kid"].as_str().expect("a kid").to_owned()
}

async fn published(app: &TestApp) -> BTreeSet<String> {
    let jwks = app.get_json(JWKS).await;
    let keys = jwks["keys"].as_array().expect("keys");
    let kid = |key: &Value| key["kid"].as_str().expect("a kid").to_owned();
    keys.iter().map(kid).collect()
}
