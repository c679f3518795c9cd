//! The userinfo endpoint.

use latchkey_identity::ValidationError;
use serde_json::{Value, json};

use crate::flow::{sign_in, unavailable, validation_error};
use crate::keys::RSA;
use crate::scripted::{self, USERINFO};
use latchkey_testing::{ProviderKey, ScriptedResponse};

#[tokio::test]
async fn security_12_userinfo_about_another_subject_is_refused() {
    let server = scripted::start().await;
    for (sub, check) in [
        (json!("subject-2"), ValidationError::UserinfoSubject),
        (json!("SUBJECT-1"), ValidationError::UserinfoSubject),
        (json!(""), ValidationError::UserinfoSubject),
        (json!(1), ValidationError::Userinfo),
        (Value::Null, ValidationError::Userinfo),
    ] {
        server.script().userinfo["sub"] = sub.clone();
        assert_eq!(validation_error(sign_in(&server).await), check, "{sub}");
    }
    server.script().userinfo = json!({ "name": "Ada Lovelace" });
    assert_eq!(
        validation_error(sign_in(&server).await),
        ValidationError::Userinfo
    );
}

#[tokio::test]
async fn userinfo_is_fetched_with_the_access_token_if_there_is_an_endpoint() {
    let server = scripted::start().await;
    sign_in(&server).await.expect("a profile");
    let seen = server.last(USERINFO);
    assert_eq!(seen.headers["authorization"], "Bearer the-access-token");

    server.script().metadata["userinfo_endpoint"] = Value::Null;
    let profile = sign_in(&server).await.expect("a profile");
    assert_eq!(profile.name, None);
    assert_eq!(server.count(USERINFO), 1);
}

#[tokio::test]
async fn failing_endpoint_counts_as_unavailable() {
    let server = scripted::start().await;
    for status in [500, 503, 429, 302] {
        server.script().overrides.insert(
            USERINFO,
            ScriptedResponse::bytes(status, "text/html", "<html>"),
        );
        let reason = unavailable(sign_in(&server).await);
        assert!(reason.contains("userinfo"), "{status}: {reason}");
    }
}

#[tokio::test]
async fn signed_userinfo_is_verified_like_an_id_token() {
    let server = scripted::start().await;
    let valid = json!({
        "iss": server.issuer, "aud": "latchkey", "sub": "subject-1", "name": "Signed Name",
    });
    let signed = |token: String| ScriptedResponse::bytes(200, "application/jwt", token);
    server
        .script()
        .overrides
        .insert(USERINFO, signed(RSA.sign(&valid)));
    let profile = sign_in(&server).await.expect("a profile");
    assert_eq!(profile.name.as_deref(), Some("Signed Name"));

    let stranger = ProviderKey::rsa("k1", "RS256");
    server
        .script()
        .overrides
        .insert(USERINFO, signed(stranger.sign(&valid)));
    assert_eq!(
        validation_error(sign_in(&server).await),
        ValidationError::Userinfo
    );

    for (name, value, check) in [
        ("iss", "https://evil.example", ValidationError::Userinfo),
        ("aud", "another", ValidationError::Userinfo),
        ("sub", "subject-2", ValidationError::UserinfoSubject),
    ] {
        let mut claims = valid.clone();
        claims[name] = value.into();
        server
            .script()
            .overrides
            .insert(USERINFO, signed(RSA.sign(&claims)));
        assert_eq!(validation_error(sign_in(&server).await), check, "{name}");
    }
}
