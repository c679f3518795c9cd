//! ID tokens with an invalid signature.

use latchkey_identity::ValidationError;
use serde_json::{Value, json};

use crate::flow::{SECRET, sign_in, validation_error};
use crate::id_token::error_for_token;
use crate::keys::{RSA, b64, hmac_signed, signing_input, unsigned};
use crate::scripted::{self, claims};
use latchkey_testing::ProviderKey;

#[tokio::test]
async fn security_08_every_advertised_asymmetric_algorithm_is_accepted() {
    let server = scripted::start().await;
    for key in [
        ProviderKey::rsa("a", "RS256"),
        ProviderKey::rsa("b", "PS256"),
        ProviderKey::ec("c"),
        ProviderKey::ed("d"),
    ] {
        server.script().jwks = json!({ "keys": [key.jwk()] });
        let token = key.sign(&claims(&server.issuer));
        server.set_id_token(&token);
        server.script().metadata["id_token_signing_alg_values_supported"] = json!(["ES384"]);
        assert_eq!(
            validation_error(sign_in(&server).await),
            ValidationError::Algorithm,
            "{}",
            key.alg
        );
        server.script().metadata["id_token_signing_alg_values_supported"] = json!([key.alg]);
        sign_in(&server).await.expect(key.alg);
    }
}

#[tokio::test]
async fn security_08_invalid_signature_is_refused() {
    let server = scripted::start().await;
    let claims = claims(&server.issuer);
    let valid = RSA.sign(&claims);
    let (head, signature) = valid.rsplit_once('.').expect("three parts");
    let mut other = claims.clone();
    other["sub"] = "another".into();
    let mut modified = signature.to_owned();
    modified.replace_range(..1, if signature.starts_with('A') { "B" } else { "A" });
    let header = json!({ "alg": "RS256", "kid": "k1" });
    for (what, token) in [
        ("another key", ProviderKey::rsa("k1", "RS256").sign(&claims)),
        ("a modified signature", format!("{head}.{modified}")),
        ("an empty signature", format!("{head}.")),
        (
            "other claims",
            format!("{}.{signature}", signing_input(&header, &other)),
        ),
        (
            "another kid",
            RSA.sign_with(&json!({ "alg": "RS256", "kid": "k2" }), &claims),
        ),
        ("a PSS signature under RS256 (PKCS #1 v1.5)", {
            let key = ProviderKey::rsa("k1", "PS256");
            server.script().jwks = json!({ "keys": [key.jwk()] });
            key.sign_with(&header, &claims)
        }),
    ] {
        assert_eq!(
            error_for_token(&server, &token).await,
            ValidationError::Signature,
            "{what}"
        );
    }
}

#[tokio::test]
async fn security_08_key_in_the_token_header_is_ignored() {
    let server = scripted::start().await;
    let stranger = ProviderKey::rsa("k1", "RS256");
    let header = json!({
        "alg": "RS256", "kid": "k1", "jwk": stranger.jwk(),
        "jku": format!("{}/strangers-keys", server.issuer),
        "x5u": format!("{}/strangers-keys", server.issuer),
    });
    let token = stranger.sign_with(&header, &claims(&server.issuer));
    assert_eq!(
        error_for_token(&server, &token).await,
        ValidationError::Signature
    );
    assert_eq!(server.count("/strangers-keys"), 0);
}

#[tokio::test]
async fn security_08_alg_none_in_every_spelling_is_refused() {
    let server = scripted::start().await;
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
            error_for_token(&server, &unsigned(&header, &claims(&server.issuer))).await,
            ValidationError::Algorithm
        );
        let signed = RSA.sign_with(&header, &claims(&server.issuer));
        assert_eq!(
            error_for_token(&server, &signed).await,
            ValidationError::Algorithm,
            "{alg}"
        );
    }
    let token = unsigned(&json!({ "kid": "k1" }), &claims(&server.issuer));
    assert_eq!(
        error_for_token(&server, &token).await,
        ValidationError::Algorithm,
        "no alg"
    );
}

#[tokio::test]
async fn security_08_hs256_is_refused_with_the_client_secret_and_with_the_public_key() {
    let server = scripted::start().await;
    let claims = claims(&server.issuer);
    let jwk = RSA.jwk().to_string();
    let header = json!({ "alg": "HS256", "kid": "k1" });
    for secret in [SECRET.as_bytes(), &RSA.public_bytes(), jwk.as_bytes(), b""] {
        assert_eq!(
            error_for_token(&server, &hmac_signed(secret, &header, &claims)).await,
            ValidationError::Algorithm
        );
        let disguised = hmac_signed(secret, &json!({ "alg": "RS256", "kid": "k1" }), &claims);
        assert_eq!(
            error_for_token(&server, &disguised).await,
            ValidationError::Signature
        );
    }
    // A symmetric key in the JWK set is not used either.
    let shared = json!({ "kty": "oct", "kid": "k1", "k": b64(b"shared"), "alg": "HS256" });
    server.script().jwks = json!({ "keys": [shared] });
    assert_eq!(
        error_for_token(&server, &hmac_signed(b"shared", &header, &claims)).await,
        ValidationError::Algorithm
    );
}
