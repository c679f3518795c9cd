//! ID tokens whose signature is not the provider's.

use latchkey_identity::Check;
use serde_json::{Value, json};

use crate::flow::{SECRET, failed, sign_in};
use crate::id_token::text;
use crate::keys::{RSA, b64, input, mac, unsigned};
use crate::scripted::{self, claims};
use latchkey_testing::ProviderKey;

#[tokio::test]
async fn security_08_every_asymmetric_algorithm_announced_is_taken() {
    let hostile = scripted::start().await;
    for key in [
        ProviderKey::rsa("a", "RS256"),
        ProviderKey::rsa("b", "PS256"),
        ProviderKey::ec("c"),
        ProviderKey::ed("d"),
    ] {
        hostile.script().jwks = json!({ "keys": [key.jwk()] });
        let token = key.sign(&claims(&hostile.issuer));
        hostile.hand_out(&token);
        hostile.script().metadata["id_token_signing_alg_values_supported"] = json!(["ES384"]);
        assert_eq!(
            failed(sign_in(&hostile).await),
            Check::Algorithm,
            "{}",
            key.alg
        );
        hostile.script().metadata["id_token_signing_alg_values_supported"] = json!([key.alg]);
        sign_in(&hostile).await.expect(key.alg);
    }
}

#[tokio::test]
async fn security_08_a_bad_signature_is_refused() {
    let hostile = scripted::start().await;
    let claims = claims(&hostile.issuer);
    let good = RSA.sign(&claims);
    let (head, signature) = good.rsplit_once('.').expect("three parts");
    let mut other = claims.clone();
    other["sub"] = "another".into();
    let mut flipped = signature.to_owned();
    flipped.replace_range(..1, if signature.starts_with('A') { "B" } else { "A" });
    let header = json!({ "alg": "RS256", "kid": "k1" });
    for (what, token) in [
        ("another key", ProviderKey::rsa("k1", "RS256").sign(&claims)),
        ("a flipped bit", format!("{head}.{flipped}")),
        ("an empty one", format!("{head}.")),
        (
            "other claims",
            format!("{}.{signature}", input(&header, &other)),
        ),
        (
            "another kid",
            RSA.sign_with(&json!({ "alg": "RS256", "kid": "k2" }), &claims),
        ),
        ("PSS for PKCS1", {
            let key = ProviderKey::rsa("k1", "PS256");
            hostile.script().jwks = json!({ "keys": [key.jwk()] });
            key.sign_with(&header, &claims)
        }),
    ] {
        assert_eq!(text(&hostile, &token).await, Check::Signature, "{what}");
    }
}

#[tokio::test]
async fn security_08_a_key_that_the_token_brings_along_is_not_looked_at() {
    let hostile = scripted::start().await;
    let stranger = ProviderKey::rsa("k1", "RS256");
    let header = json!({
        "alg": "RS256", "kid": "k1", "jwk": stranger.jwk(),
        "jku": format!("{}/strangers-keys", hostile.issuer),
        "x5u": format!("{}/strangers-keys", hostile.issuer),
    });
    let token = stranger.sign_with(&header, &claims(&hostile.issuer));
    assert_eq!(text(&hostile, &token).await, Check::Signature);
    assert_eq!(hostile.count("/strangers-keys"), 0);
}

#[tokio::test]
async fn security_08_alg_none_in_every_spelling_is_refused() {
    let hostile = scripted::start().await;
    for alg in [
        json!("none"),
        json!("None"),
        json!("NONE"),
        json!("nOnE"),
        json!(""),
        Value::Null,
    ] {
        let header = json!({ "alg": alg });
        assert_eq!(
            text(&hostile, &unsigned(&header, &claims(&hostile.issuer))).await,
            Check::Algorithm
        );
        let signed = RSA.sign_with(&header, &claims(&hostile.issuer));
        assert_eq!(text(&hostile, &signed).await, Check::Algorithm, "{alg}");
    }
    let token = unsigned(&json!({ "kid": "k1" }), &claims(&hostile.issuer));
    assert_eq!(
        text(&hostile, &token).await,
        Check::Algorithm,
        "no alg at all"
    );
}

#[tokio::test]
async fn security_08_hs256_is_refused_with_the_client_secret_and_with_the_public_key() {
    let hostile = scripted::start().await;
    let claims = claims(&hostile.issuer);
    let jwk = RSA.jwk().to_string();
    let header = json!({ "alg": "HS256", "kid": "k1" });
    for secret in [SECRET.as_bytes(), &RSA.public_bytes(), jwk.as_bytes(), b""] {
        assert_eq!(
            text(&hostile, &mac(secret, &header, &claims)).await,
            Check::Algorithm
        );
        let disguised = mac(secret, &json!({ "alg": "RS256", "kid": "k1" }), &claims);
        assert_eq!(text(&hostile, &disguised).await, Check::Signature);
    }
    // A shared key among the public ones changes nothing.
    let shared = json!({ "kty": "oct", "kid": "k1", "k": b64(b"shared"), "alg": "HS256" });
    hostile.script().jwks = json!({ "keys": [shared] });
    assert_eq!(
        text(&hostile, &mac(b"shared", &header, &claims)).await,
        Check::Algorithm
    );
}
