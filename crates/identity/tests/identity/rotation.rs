//! Key rotation by the provider, and tokens signed with unknown keys.

use core::time::Duration;

use latchkey_core::Timestamp;
use latchkey_identity::ValidationError;
use serde_json::json;

use crate::flow::{NONCE, NOW, complete, provider, response, unavailable, validation_error};
use crate::keys::RSA;
use crate::scripted::{self, JWKS, claims};
use latchkey_testing::{ProviderKey, ScriptedProvider, ScriptedResponse};

fn at(secs: u64) -> Timestamp {
    NOW.plus(Duration::from_secs(secs))
}

/// Makes the provider issue an ID token signed with this key at `now`.
fn issue_signed_with(server: &ScriptedProvider, key: &ProviderKey, now: Timestamp) {
    let mut claims = claims(&server.issuer);
    claims["nonce"] = NONCE.into();
    claims["iat"] = now.as_secs().into();
    claims["exp"] = (now.as_secs() + 300).into();
    server.set_id_token(&key.sign(&claims));
}

fn announce(server: &ScriptedProvider, keys: &[&ProviderKey]) {
    let keys: Vec<_> = keys.iter().map(|key| key.jwk()).collect();
    server.script().jwks = json!({ "keys": keys });
}

#[tokio::test]
async fn security_10_new_keys_are_accepted_without_a_restart() {
    let server = scripted::start().await;
    server.script().metadata["id_token_signing_alg_values_supported"] = json!(["RS256", "ES256"]);
    let provider = provider(&server);
    complete(&provider, &response(), NOW)
        .await
        .expect("the first key");
    complete(&provider, &response(), at(1))
        .await
        .expect("the first key");
    assert_eq!(server.count(JWKS), 1, "cached");

    let second = ProviderKey::ec("k2");
    announce(&server, &[&second]);
    issue_signed_with(&server, &second, at(2));
    complete(&provider, &response(), at(2))
        .await
        .expect("the second key, at once");
    assert_eq!(server.count(JWKS), 2);

    // Another key with the same id, as after a restart of a provider.
    let third = ProviderKey::ec("k2");
    announce(&server, &[&third]);
    issue_signed_with(&server, &third, at(70));
    complete(&provider, &response(), at(70))
        .await
        .expect("the third key");
    assert_eq!(server.count(JWKS), 3);
}

#[tokio::test]
async fn security_10_flood_of_unknown_kids_causes_one_fetch_a_minute() {
    let server = scripted::start().await;
    let provider = provider(&server);
    complete(&provider, &response(), NOW)
        .await
        .expect("the valid key");
    assert_eq!(server.count(JWKS), 1);

    let stranger = ProviderKey::rsa("stranger", "RS256");
    for minute in 0..3 {
        for second in 0..60 {
            let now = at(minute * 60 + second + 1);
            let mut claims = claims(&server.issuer);
            claims["iat"] = now.as_secs().into();
            claims["exp"] = (now.as_secs() + 300).into();
            let header = json!({ "alg": "RS256", "kid": format!("k{minute}-{second}") });
            server.set_id_token(&stranger.sign_with(&header, &claims));
            let outcome = complete(&provider, &response(), now).await;
            assert_eq!(validation_error(outcome), ValidationError::Signature);
        }
        let fetched = server.count(JWKS);
        assert_eq!(
            fetched,
            2 + usize::try_from(minute).expect("small"),
            "minute {minute}"
        );
    }
    issue_signed_with(&server, &RSA, at(200));
    complete(&provider, &response(), at(200))
        .await
        .expect("the valid key still works");
}

#[tokio::test]
async fn security_10_errors_other_than_an_invalid_signature_cause_no_fetch() {
    let server = scripted::start().await;
    let provider = provider(&server);
    complete(&provider, &response(), NOW)
        .await
        .expect("the valid key");
    let mut claims = claims(&server.issuer);
    claims["nonce"] = "another".into();
    server.set_id_token(&RSA.sign(&claims));
    assert_eq!(
        validation_error(complete(&provider, &response(), NOW).await),
        ValidationError::Nonce
    );
    claims["aud"] = "another".into();
    server.set_id_token(&ProviderKey::rsa("x", "RS256").sign(&claims));
    assert_eq!(
        validation_error(complete(&provider, &response(), NOW).await),
        ValidationError::Audience
    );
    assert_eq!(server.count(JWKS), 1);
}

#[tokio::test]
async fn withdrawn_key_is_refused_after_an_hour() {
    let server = scripted::start().await;
    let provider = provider(&server);
    complete(&provider, &response(), NOW)
        .await
        .expect("the key");
    announce(&server, &[]);
    let later = NOW.plus(Duration::from_hours(1));
    issue_signed_with(&server, &RSA, later);
    assert_eq!(
        validation_error(complete(&provider, &response(), later).await),
        ValidationError::Signature
    );
}

#[tokio::test]
async fn failed_fetch_of_keys_is_retried_after_three_seconds() {
    let server = scripted::start().await;
    let provider = provider(&server);
    server
        .script()
        .overrides
        .insert(JWKS, ScriptedResponse::bytes(500, "text/html", "<html>"));
    let reason = unavailable(complete(&provider, &response(), NOW).await);
    assert!(reason.contains("JWKS endpoint"), "{reason}");
    server.script().overrides.clear();
    complete(&provider, &response(), at(3))
        .await
        .expect("the key");
}

#[tokio::test]
async fn unusable_keys_are_ignored() {
    let server = scripted::start().await;
    let mut encrypts = RSA.jwk();
    encrypts["use"] = "enc".into();
    encrypts["kid"] = "e1".into();
    server.script().jwks = json!({ "keys": [
        { "kty": "LATTICE", "kid": "k1" }, { "kid": "k1" }, 7, null, encrypts, RSA.jwk(),
    ]});
    complete(&provider(&server), &response(), NOW)
        .await
        .expect("the one valid key");
}

#[tokio::test]
async fn security_08_key_for_encryption_or_another_algorithm_is_not_used() {
    let server = scripted::start().await;
    for (name, value) in [
        ("use", "enc"),
        ("alg", "PS256"),
        ("alg", "RSA-OAEP"),
        ("kty", "EC"),
    ] {
        let mut key = RSA.jwk();
        key[name] = value.into();
        server.script().jwks = json!({ "keys": [key] });
        let outcome = complete(&provider(&server), &response(), NOW).await;
        assert_eq!(
            validation_error(outcome),
            ValidationError::Signature,
            "{name} {value}"
        );
    }
}
