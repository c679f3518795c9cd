//! New keys, and tokens signed with keys that nobody has heard of.

use core::time::Duration;

use latchkey_core::Timestamp;
use latchkey_identity::Check;
use serde_json::json;

use crate::flow::{NONCE, NOW, answer, complete, failed, provider, unavailable};
use crate::keys::RSA;
use crate::scripted::{self, JWKS, claims};
use latchkey_testing::{Answer, ProviderKey, ScriptedProvider};

fn at(secs: u64) -> Timestamp {
    NOW.plus(Duration::from_secs(secs))
}

/// Hands out a token signed with this key now.
fn hand_out(hostile: &ScriptedProvider, key: &ProviderKey, now: Timestamp) {
    let mut claims = claims(&hostile.issuer);
    claims["nonce"] = NONCE.into();
    claims["iat"] = now.as_secs().into();
    claims["exp"] = (now.as_secs() + 300).into();
    hostile.hand_out(&key.sign(&claims));
}

fn announce(hostile: &ScriptedProvider, keys: &[&ProviderKey]) {
    let keys: Vec<_> = keys.iter().map(|key| key.jwk()).collect();
    hostile.script().jwks = json!({ "keys": keys });
}

#[tokio::test]
async fn security_10_new_keys_work_without_a_restart() {
    let hostile = scripted::start().await;
    hostile.script().metadata["id_token_signing_alg_values_supported"] = json!(["RS256", "ES256"]);
    let provider = provider(&hostile);
    complete(&provider, &answer(), NOW)
        .await
        .expect("the first key");
    complete(&provider, &answer(), at(1))
        .await
        .expect("the first key");
    assert_eq!(hostile.count(JWKS), 1, "kept");

    let second = ProviderKey::ec("k2");
    announce(&hostile, &[&second]);
    hand_out(&hostile, &second, at(2));
    complete(&provider, &answer(), at(2))
        .await
        .expect("the second key, at once");
    assert_eq!(hostile.count(JWKS), 2);

    // The same name for another key, as after a provider's restart.
    let third = ProviderKey::ec("k2");
    announce(&hostile, &[&third]);
    hand_out(&hostile, &third, at(70));
    complete(&provider, &answer(), at(70))
        .await
        .expect("the third key");
    assert_eq!(hostile.count(JWKS), 3);
}

#[tokio::test]
async fn security_10_a_flood_of_unknown_kids_causes_one_fetch_a_minute() {
    let hostile = scripted::start().await;
    let provider = provider(&hostile);
    complete(&provider, &answer(), NOW)
        .await
        .expect("the good key");
    assert_eq!(hostile.count(JWKS), 1);

    let stranger = ProviderKey::rsa("stranger", "RS256");
    for minute in 0..3 {
        for second in 0..60 {
            let now = at(minute * 60 + second + 1);
            let mut claims = claims(&hostile.issuer);
            claims["iat"] = now.as_secs().into();
            claims["exp"] = (now.as_secs() + 300).into();
            let header = json!({ "alg": "RS256", "kid": format!("k{minute}-{second}") });
            hostile.hand_out(&stranger.sign_with(&header, &claims));
            let outcome = complete(&provider, &answer(), now).await;
            assert_eq!(failed(outcome), Check::Signature);
        }
        let fetched = hostile.count(JWKS);
        assert_eq!(
            fetched,
            2 + usize::try_from(minute).expect("small"),
            "minute {minute}"
        );
    }
    hand_out(&hostile, &RSA, at(200));
    complete(&provider, &answer(), at(200))
        .await
        .expect("the good key, all the while");
}

#[tokio::test]
async fn security_10_other_faults_than_the_signature_cause_no_fetch() {
    let hostile = scripted::start().await;
    let provider = provider(&hostile);
    complete(&provider, &answer(), NOW)
        .await
        .expect("the good key");
    let mut claims = claims(&hostile.issuer);
    claims["nonce"] = "another".into();
    hostile.hand_out(&RSA.sign(&claims));
    assert_eq!(
        failed(complete(&provider, &answer(), NOW).await),
        Check::Nonce
    );
    claims["aud"] = "another".into();
    hostile.hand_out(&ProviderKey::rsa("x", "RS256").sign(&claims));
    assert_eq!(
        failed(complete(&provider, &answer(), NOW).await),
        Check::Audience
    );
    assert_eq!(hostile.count(JWKS), 1);
}

#[tokio::test]
async fn a_withdrawn_key_is_forgotten_within_the_hour() {
    let hostile = scripted::start().await;
    let provider = provider(&hostile);
    complete(&provider, &answer(), NOW).await.expect("the key");
    announce(&hostile, &[]);
    let later = NOW.plus(Duration::from_hours(1));
    hand_out(&hostile, &RSA, later);
    assert_eq!(
        failed(complete(&provider, &answer(), later).await),
        Check::Signature
    );
}

#[tokio::test]
async fn keys_that_cannot_be_fetched_are_asked_for_again_soon() {
    let hostile = scripted::start().await;
    let provider = provider(&hostile);
    hostile
        .script()
        .instead
        .insert(JWKS, Answer::bytes(500, "text/html", "<html>"));
    let reason = unavailable(complete(&provider, &answer(), NOW).await);
    assert!(reason.contains("signing keys"), "{reason}");
    hostile.script().instead.clear();
    complete(&provider, &answer(), at(3))
        .await
        .expect("the key");
}

#[tokio::test]
async fn keys_that_are_not_understood_do_no_harm() {
    let hostile = scripted::start().await;
    let mut encrypts = RSA.jwk();
    encrypts["use"] = "enc".into();
    encrypts["kid"] = "e1".into();
    hostile.script().jwks = json!({ "keys": [
        { "kty": "LATTICE", "kid": "k1" }, { "kid": "k1" }, 7, null, encrypts, RSA.jwk(),
    ]});
    complete(&provider(&hostile), &answer(), NOW)
        .await
        .expect("the one that is");
}

#[tokio::test]
async fn security_08_a_key_for_encryption_or_another_algorithm_verifies_nothing() {
    let hostile = scripted::start().await;
    for (name, value) in [
        ("use", "enc"),
        ("alg", "PS256"),
        ("alg", "RSA-OAEP"),
        ("kty", "EC"),
    ] {
        let mut key = RSA.jwk();
        key[name] = value.into();
        hostile.script().jwks = json!({ "keys": [key] });
        let outcome = complete(&provider(&hostile), &answer(), NOW).await;
        assert_eq!(failed(outcome), Check::Signature, "{name} {value}");
    }
}
