//! Invalid ID tokens.

use latchkey_identity::ValidationError;
use serde_json::{Value, json};

use crate::flow::{CLIENT_ID, NOW, sign_in, validation_error};
use crate::keys::{RSA, b64};
use crate::scripted::{self, USERINFO, claims};
use latchkey_testing::ScriptedProvider;

/// Signs in with an ID token whose claim `name` is `value`, and returns the error.
async fn with(server: &ScriptedProvider, name: &str, value: Value) -> ValidationError {
    let mut claims = claims(&server.issuer);
    claims[name] = value;
    error_for_token(server, &RSA.sign(&claims)).await
}

/// Signs in with this string as the ID token, and returns the error.
pub(crate) async fn error_for_token(server: &ScriptedProvider, id_token: &str) -> ValidationError {
    server.set_id_token(id_token);
    validation_error(sign_in(server).await)
}

#[tokio::test]
async fn security_08_token_of_another_issuer_is_refused() {
    let server = scripted::start().await;
    let trailing = format!("{}/", server.issuer);
    for iss in ["https://evil.example", trailing.as_str()] {
        assert_eq!(
            with(&server, "iss", iss.into()).await,
            ValidationError::Issuer,
            "{iss}"
        );
    }
    assert_eq!(
        with(&server, "iss", 7.into()).await,
        ValidationError::Malformed
    );
    assert_eq!(server.count(USERINFO), 0, "no userinfo request is sent");
}

#[tokio::test]
async fn security_08_token_for_another_audience_is_refused() {
    let server = scripted::start().await;
    for aud in [
        json!("other"),
        json!([]),
        json!(["other"]),
        json!(""),
        json!("latchkey "),
    ] {
        assert_eq!(
            with(&server, "aud", aud.clone()).await,
            ValidationError::Audience,
            "{aud}"
        );
    }
    assert_eq!(
        with(&server, "aud", json!({ "0": CLIENT_ID })).await,
        ValidationError::Malformed
    );
}

#[tokio::test]
async fn security_09_azp_must_be_this_client_and_is_required_with_several_audiences() {
    let server = scripted::start().await;
    let both = json!([CLIENT_ID, "other"]);
    for (aud, azp, accepted) in [
        (json!(CLIENT_ID), json!("other"), false),
        (json!([CLIENT_ID]), json!("other"), false),
        (json!(CLIENT_ID), json!(""), false),
        (both.clone(), json!("other"), false),
        (both.clone(), Value::Null, false),
        (both, json!(CLIENT_ID), true),
        (json!([CLIENT_ID]), json!(CLIENT_ID), true),
        (json!(CLIENT_ID), Value::Null, true),
    ] {
        let mut claims = claims(&server.issuer);
        claims["aud"] = aud.clone();
        claims["azp"] = azp.clone();
        server.set_id_token(&RSA.sign(&claims));
        let outcome = sign_in(&server).await;
        if accepted {
            outcome.expect("for this client");
        } else {
            assert_eq!(
                validation_error(outcome),
                ValidationError::AuthorizedParty,
                "{aud} {azp}"
            );
        }
    }
    let mut claims = claims(&server.issuer);
    claims["aud"] = json!(["other"]);
    claims["azp"] = CLIENT_ID.into();
    assert_eq!(
        error_for_token(&server, &RSA.sign(&claims)).await,
        ValidationError::Audience
    );
}

#[tokio::test]
async fn security_08_token_with_another_nonce_is_refused() {
    let server = scripted::start().await;
    for nonce in ["another", "", "canary-nonce ", "CANARY-NONCE"] {
        assert_eq!(
            with(&server, "nonce", nonce.into()).await,
            ValidationError::Nonce,
            "{nonce:?}"
        );
    }
    assert_eq!(
        with(&server, "nonce", Value::Null).await,
        ValidationError::Nonce
    );
}

#[tokio::test]
async fn security_08_expired_token_is_refused_after_a_minute_of_leeway() {
    let server = scripted::start().await;
    let now = NOW.as_secs();
    for exp in [json!(now - 60), json!(now - 3600), json!(0), json!(-1)] {
        assert_eq!(
            with(&server, "exp", exp.clone()).await,
            ValidationError::Expired,
            "{exp}"
        );
    }
    for exp in [json!(now - 59), json!(now + 1)] {
        let mut claims = claims(&server.issuer);
        claims["exp"] = exp;
        server.set_id_token(&RSA.sign(&claims));
        sign_in(&server).await.expect("within the leeway");
    }
    for exp in [json!("soon"), json!(true), json!([now + 300]), json!(1e300)] {
        assert_eq!(
            with(&server, "exp", exp.clone()).await,
            ValidationError::Malformed,
            "{exp}"
        );
    }
}

#[tokio::test]
async fn security_08_implausible_issue_times_are_refused() {
    let server = scripted::start().await;
    let now = NOW.as_secs();
    for iat in [
        json!(now - 661),
        json!(0),
        json!(-5),
        json!(now + 61),
        json!(now + 86_400),
    ] {
        assert_eq!(
            with(&server, "iat", iat.clone()).await,
            ValidationError::IssuedAt,
            "{iat}"
        );
    }
    for iat in [now - 660, now + 60] {
        let mut claims = claims(&server.issuer);
        claims["iat"] = iat.into();
        server.set_id_token(&RSA.sign(&claims));
        sign_in(&server).await.expect("within the leeway");
    }
}

#[tokio::test]
async fn security_08_missing_claim_is_named() {
    let server = scripted::start().await;
    for name in ["iss", "sub", "aud", "exp", "iat", "nonce"] {
        let mut claims = claims(&server.issuer);
        claims.as_object_mut().expect("an object").remove(name);
        assert_eq!(
            error_for_token(&server, &RSA.sign(&claims)).await,
            ValidationError::MissingClaim(name)
        );
    }
}

#[tokio::test]
async fn security_11_subject_must_be_a_string_of_1_to_255_characters() {
    let server = scripted::start().await;
    assert_eq!(
        with(&server, "sub", "".into()).await,
        ValidationError::Subject
    );
    assert_eq!(
        with(&server, "sub", "a".repeat(256).into()).await,
        ValidationError::Subject
    );
    assert_eq!(
        with(&server, "sub", 7.into()).await,
        ValidationError::Malformed
    );
    assert_eq!(
        with(&server, "sub", Value::Null).await,
        ValidationError::Malformed
    );
    let longest = "a".repeat(255);
    let mut claims = claims(&server.issuer);
    claims["sub"] = longest.as_str().into();
    server.set_id_token(&RSA.sign(&claims));
    server.script().userinfo["sub"] = longest.as_str().into();
    assert_eq!(
        sign_in(&server).await.expect("a profile").identity.subject,
        longest
    );
}

#[tokio::test]
async fn swapped_access_token_is_refused() {
    let server = scripted::start().await;
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, b"the-access-token");
    let mut claims = claims(&server.issuer);
    claims["at_hash"] = b64(&hash.as_ref()[..16]).into();
    server.set_id_token(&RSA.sign(&claims));
    sign_in(&server).await.expect("the same access token");
    server.script().tokens["access_token"] = "another".into();
    assert_eq!(
        validation_error(sign_in(&server).await),
        ValidationError::AccessTokenHash
    );
}

#[tokio::test]
async fn malformed_token_is_refused() {
    let server = scripted::start().await;
    let claims = claims(&server.issuer);
    let valid = RSA.sign(&claims);
    let (first, rest) = valid.split_once('.').expect("three parts");
    let twice = claims.to_string().replacen('{', "{\"sub\":\"another\",", 1);
    let header = |more: Value| {
        let mut header = json!({ "alg": "RS256", "kid": "k1" });
        header
            .as_object_mut()
            .expect("an object")
            .extend(more.as_object().expect("more").clone());
        RSA.sign_with(&header, &claims)
    };
    for (what, token) in [
        ("nothing", String::new()),
        ("dots", "..".to_owned()),
        (
            "two parts",
            valid.rsplit_once('.').expect("three parts").0.to_owned(),
        ),
        ("four parts", format!("{valid}.{first}")),
        (
            "five parts, like an encrypted token",
            format!("{first}.a.b.c.d"),
        ),
        ("padding", format!("{first}=.{rest}")),
        (
            "a claim twice",
            RSA.sign_text(&format!("{first}.{}", b64(twice.as_bytes()))),
        ),
        (
            "claims that are a list",
            RSA.sign_text(&format!("{first}.{}", b64(b"[]"))),
        ),
        ("an access token's type", header(json!({ "typ": "at+jwt" }))),
        (
            "an unknown critical header",
            header(json!({ "crit": ["x"], "x": 1 })),
        ),
        ("another token inside", header(json!({ "cty": "JWT" }))),
    ] {
        assert_eq!(
            error_for_token(&server, &token).await,
            ValidationError::Malformed,
            "{what}"
        );
    }
}
