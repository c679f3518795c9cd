//! The userinfo endpoint.

use latchkey_identity::Check;
use serde_json::{Value, json};

use crate::flow::{failed, sign_in, unavailable};
use crate::keys::RSA;
use crate::scripted::{self, USERINFO};
use latchkey_testing::{Answer, ProviderKey};

#[tokio::test]
async fn security_12_userinfo_about_another_person_is_refused() {
    let hostile = scripted::start().await;
    for (sub, check) in [
        (json!("subject-2"), Check::UserinfoSubject),
        (json!("SUBJECT-1"), Check::UserinfoSubject),
        (json!(""), Check::UserinfoSubject),
        (json!(1), Check::Userinfo),
        (Value::Null, Check::Userinfo),
    ] {
        hostile.script().userinfo["sub"] = sub.clone();
        assert_eq!(failed(sign_in(&hostile).await), check, "{sub}");
    }
    hostile.script().userinfo = json!({ "name": "Ada Lovelace" });
    assert_eq!(failed(sign_in(&hostile).await), Check::Userinfo);
}

#[tokio::test]
async fn it_is_asked_with_the_access_token_whenever_there_is_one() {
    let hostile = scripted::start().await;
    sign_in(&hostile).await.expect("a profile");
    let seen = hostile.last(USERINFO);
    assert_eq!(seen.headers["authorization"], "Bearer the-access-token");

    hostile.script().metadata["userinfo_endpoint"] = Value::Null;
    let profile = sign_in(&hostile).await.expect("a profile");
    assert_eq!(profile.name, None);
    assert_eq!(hostile.count(USERINFO), 1);
}

#[tokio::test]
async fn an_endpoint_that_fails_is_unavailable() {
    let hostile = scripted::start().await;
    for status in [500, 503, 429, 302] {
        hostile
            .script()
            .instead
            .insert(USERINFO, Answer::bytes(status, "text/html", "<html>"));
        let reason = unavailable(sign_in(&hostile).await);
        assert!(reason.contains("userinfo"), "{status}: {reason}");
    }
}

#[tokio::test]
async fn signed_userinfo_is_checked_like_an_id_token() {
    let hostile = scripted::start().await;
    let good = json!({
        "iss": hostile.issuer, "aud": "latchkey", "sub": "subject-1", "name": "Signed Name",
    });
    let answer = |token: String| Answer::bytes(200, "application/jwt", token);
    hostile
        .script()
        .instead
        .insert(USERINFO, answer(RSA.sign(&good)));
    let profile = sign_in(&hostile).await.expect("a profile");
    assert_eq!(profile.name.as_deref(), Some("Signed Name"));

    let stranger = ProviderKey::rsa("k1", "RS256");
    hostile
        .script()
        .instead
        .insert(USERINFO, answer(stranger.sign(&good)));
    assert_eq!(failed(sign_in(&hostile).await), Check::Userinfo);

    for (name, value, check) in [
        ("iss", "https://evil.example", Check::Userinfo),
        ("aud", "another", Check::Userinfo),
        ("sub", "subject-2", Check::UserinfoSubject),
    ] {
        let mut claims = good.clone();
        claims[name] = value.into();
        hostile
            .script()
            .instead
            .insert(USERINFO, answer(RSA.sign(&claims)));
        assert_eq!(failed(sign_in(&hostile).await), check, "{name}");
    }
}
