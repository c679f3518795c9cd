//! ID tokens of which one claim is wrong, or all of it.

use latchkey_identity::Check;
use serde_json::{Value, json};

use crate::flow::{CLIENT_ID, NOW, failed, sign_in};
use crate::keys::{RSA, b64};
use crate::scripted::{self, USERINFO, claims};
use latchkey_testing::ScriptedProvider;

/// Signs in with the good claims, `name` changed to `value`.
async fn with(hostile: &ScriptedProvider, name: &str, value: Value) -> Check {
    let mut claims = claims(&hostile.issuer);
    claims[name] = value;
    text(hostile, &RSA.sign(&claims)).await
}

/// Signs in with this text as ID token.
pub(crate) async fn text(hostile: &ScriptedProvider, id_token: &str) -> Check {
    hostile.hand_out(id_token);
    failed(sign_in(hostile).await)
}

#[tokio::test]
async fn security_08_another_issuer_is_refused() {
    let hostile = scripted::start().await;
    let trailing = format!("{}/", hostile.issuer);
    for iss in ["https://evil.example", trailing.as_str()] {
        assert_eq!(
            with(&hostile, "iss", iss.into()).await,
            Check::Issuer,
            "{iss}"
        );
    }
    assert_eq!(with(&hostile, "iss", 7.into()).await, Check::Malformed);
    assert_eq!(
        hostile.count(USERINFO),
        0,
        "nothing is asked on behalf of a bad token"
    );
}

#[tokio::test]
async fn security_08_another_audience_is_refused() {
    let hostile = scripted::start().await;
    for aud in [
        json!("other"),
        json!([]),
        json!(["other"]),
        json!(""),
        json!("latchkey "),
    ] {
        assert_eq!(
            with(&hostile, "aud", aud.clone()).await,
            Check::Audience,
            "{aud}"
        );
    }
    assert_eq!(
        with(&hostile, "aud", json!({ "0": CLIENT_ID })).await,
        Check::Malformed
    );
}

#[tokio::test]
async fn security_09_a_foreign_azp_is_refused_and_several_audiences_need_ours() {
    let hostile = scripted::start().await;
    let both = json!([CLIENT_ID, "other"]);
    for (aud, azp, taken) in [
        (json!(CLIENT_ID), json!("other"), false),
        (json!([CLIENT_ID]), json!("other"), false),
        (json!(CLIENT_ID), json!(""), false),
        (both.clone(), json!("other"), false),
        (both.clone(), Value::Null, false),
        (both, json!(CLIENT_ID), true),
        (json!([CLIENT_ID]), json!(CLIENT_ID), true),
        (json!(CLIENT_ID), Value::Null, true),
    ] {
        let mut claims = claims(&hostile.issuer);
        claims["aud"] = aud.clone();
        claims["azp"] = azp.clone();
        hostile.hand_out(&RSA.sign(&claims));
        let outcome = sign_in(&hostile).await;
        if taken {
            outcome.expect("ours");
        } else {
            assert_eq!(failed(outcome), Check::AuthorizedParty, "{aud} {azp}");
        }
    }
    let mut claims = claims(&hostile.issuer);
    claims["aud"] = json!(["other"]);
    claims["azp"] = CLIENT_ID.into();
    assert_eq!(text(&hostile, &RSA.sign(&claims)).await, Check::Audience);
}

#[tokio::test]
async fn security_08_another_nonce_is_refused() {
    let hostile = scripted::start().await;
    for nonce in ["another", "", "canary-nonce ", "CANARY-NONCE"] {
        assert_eq!(
            with(&hostile, "nonce", nonce.into()).await,
            Check::Nonce,
            "{nonce:?}"
        );
    }
    assert_eq!(with(&hostile, "nonce", Value::Null).await, Check::Nonce);
}

#[tokio::test]
async fn security_08_expired_tokens_are_refused_after_a_minute_of_leeway() {
    let hostile = scripted::start().await;
    let now = NOW.as_secs();
    for exp in [json!(now - 60), json!(now - 3600), json!(0), json!(-1)] {
        assert_eq!(
            with(&hostile, "exp", exp.clone()).await,
            Check::Expired,
            "{exp}"
        );
    }
    for exp in [json!(now - 59), json!(now + 1)] {
        let mut claims = claims(&hostile.issuer);
        claims["exp"] = exp;
        hostile.hand_out(&RSA.sign(&claims));
        sign_in(&hostile).await.expect("within the leeway");
    }
    for exp in [json!("soon"), json!(true), json!([now + 300]), json!(1e300)] {
        assert_eq!(
            with(&hostile, "exp", exp.clone()).await,
            Check::Malformed,
            "{exp}"
        );
    }
}

#[tokio::test]
async fn security_08_issue_times_that_are_absurd_are_refused() {
    let hostile = scripted::start().await;
    let now = NOW.as_secs();
    for iat in [
        json!(now - 661),
        json!(0),
        json!(-5),
        json!(now + 61),
        json!(now + 86_400),
    ] {
        assert_eq!(
            with(&hostile, "iat", iat.clone()).await,
            Check::IssuedAt,
            "{iat}"
        );
    }
    for iat in [now - 660, now + 60] {
        let mut claims = claims(&hostile.issuer);
        claims["iat"] = iat.into();
        hostile.hand_out(&RSA.sign(&claims));
        sign_in(&hostile).await.expect("within the leeway");
    }
}

#[tokio::test]
async fn security_08_each_missing_claim_is_named() {
    let hostile = scripted::start().await;
    for name in ["iss", "sub", "aud", "exp", "iat", "nonce"] {
        let mut claims = claims(&hostile.issuer);
        claims.as_object_mut().expect("an object").remove(name);
        assert_eq!(
            text(&hostile, &RSA.sign(&claims)).await,
            Check::MissingClaim(name)
        );
    }
}

#[tokio::test]
async fn security_11_subjects_are_1_to_255_characters_of_text() {
    let hostile = scripted::start().await;
    assert_eq!(with(&hostile, "sub", "".into()).await, Check::Subject);
    assert_eq!(
        with(&hostile, "sub", "a".repeat(256).into()).await,
        Check::Subject
    );
    assert_eq!(with(&hostile, "sub", 7.into()).await, Check::Malformed);
    assert_eq!(with(&hostile, "sub", Value::Null).await, Check::Malformed);
    let longest = "a".repeat(255);
    let mut claims = claims(&hostile.issuer);
    claims["sub"] = longest.as_str().into();
    hostile.hand_out(&RSA.sign(&claims));
    hostile.script().userinfo["sub"] = longest.as_str().into();
    assert_eq!(
        sign_in(&hostile).await.expect("a profile").identity.subject,
        longest
    );
}

#[tokio::test]
async fn an_access_token_that_was_swapped_is_noticed() {
    let hostile = scripted::start().await;
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, b"the-access-token");
    let mut claims = claims(&hostile.issuer);
    claims["at_hash"] = b64(&hash.as_ref()[..16]).into();
    hostile.hand_out(&RSA.sign(&claims));
    sign_in(&hostile).await.expect("the same");
    hostile.script().tokens["access_token"] = "another".into();
    assert_eq!(failed(sign_in(&hostile).await), Check::AccessTokenHash);
}

#[tokio::test]
async fn what_cannot_be_read_is_refused() {
    let hostile = scripted::start().await;
    let claims = claims(&hostile.issuer);
    let good = RSA.sign(&claims);
    let (first, rest) = good.split_once('.').expect("three parts");
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
            good.rsplit_once('.').expect("three parts").0.to_owned(),
        ),
        ("four parts", format!("{good}.{first}")),
        ("five parts, as encrypted", format!("{first}.a.b.c.d")),
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
        assert_eq!(text(&hostile, &token).await, Check::Malformed, "{what}");
    }
}
