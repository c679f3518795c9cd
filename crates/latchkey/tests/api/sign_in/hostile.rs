//! Providers that lie, and people who mix them up. Every check of the protocol is tested where it
//! is made, in `latchkey-identity`; here is what comes of one over HTTP.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use reqwest::Response;
use serde_json::{Value, json};

use crate::app::{TestApp, claims};
use latchkey_testing::{ProviderKey, ScriptedProvider, code, header, tokens};

async fn two() -> (TestApp, ScriptedProvider, ScriptedProvider) {
    let (a, b) = (
        ScriptedProvider::start().await,
        ScriptedProvider::start().await,
    );
    let app = TestApp::with(&format!("{}{}", a.section("a"), b.section("b"))).await;
    (app, a, b)
}

async fn one() -> (TestApp, ScriptedProvider) {
    let provider = ScriptedProvider::start().await;
    (TestApp::with(&provider.section("a")).await, provider)
}

/// Refused as a sign-in, with this code.
async fn refused(answer: Response, expected: &str) {
    assert_eq!(header(&answer, "content-type"), "application/json");
    assert_eq!(code(answer).await, (400, expected.into()));
}

#[tokio::test]
async fn security_5_a_code_of_one_provider_is_not_taken_to_another() {
    let (app, a, b) = two().await;
    for provider in [&a, &b] {
        let named = json!(true);
        provider.script().metadata["authorization_response_iss_parameter_supported"] = named;
    }
    // Begun at A; what comes back is B's answer with A's state.
    for iss in [Some(&b.issuer), None] {
        let begun = app.begin("a").await;
        let mut callback = a.approve(&begun);
        callback.extend(iss.map(|iss| ("iss".to_owned(), iss.clone())));
        refused(
            app.finish(&begun.cookie, &callback).await,
            "provider_invalid",
        )
        .await;
    }
    // The code, which was meant for B, was not shown to A.
    assert_eq!((a.count("/token"), b.count("/token")), (0, 0));
}

#[tokio::test]
async fn security_5_the_state_of_one_provider_does_not_fit_the_flow_of_another() {
    let (app, a, b) = two().await;
    let (at_a, at_b) = (app.begin("a").await, app.begin("b").await);
    let callback = a.approve(&at_a);
    refused(
        app.finish(&at_b.cookie, &callback).await,
        "sign_in_not_found",
    )
    .await;
    assert_eq!((a.count("/token"), b.count("/token")), (0, 0));
}

#[tokio::test]
async fn security_5_an_id_token_of_another_issuer_is_refused() {
    let (app, a, b) = two().await;
    // A hands out what B said, signed by A.
    a.script().claims["iss"] = b.issuer.as_str().into();
    refused(a.sign_in(&app, "a").await, "provider_invalid").await;
}

#[tokio::test]
async fn security_7_a_discovery_document_of_another_issuer_is_refused() {
    let (app, a, b) = two().await;
    a.script().metadata["issuer"] = b.issuer.as_str().into();
    let answer = app.get("/auth/login?provider=a").send().await;
    let answer = answer.expect("an answer");
    assert_eq!(header(&answer, "set-cookie"), "");
    assert_eq!(code(answer).await, (400, "provider_invalid".into()));
    let request = app.get("/auth/login?provider=a");
    let answer = request.header("accept", "text/html").send().await;
    assert_eq!(
        header(&answer.expect("an answer"), "location"),
        "/callback?error=provider_invalid"
    );
    // The other one is not affected.
    tokens(b.sign_in(&app, "b").await).await;
}

#[tokio::test]
async fn security_8_9_an_id_token_that_fails_a_check_signs_nobody_in() {
    let (app, provider) = one().await;
    let good = provider.script().claims.clone();
    for (claim, value) in [
        ("aud", json!("client-2")),
        ("aud", json!([])),
        ("azp", json!("client-2")),
        ("exp", json!(1_700_000_000)),
        ("iat", Value::Null),
        ("sub", Value::Null),
    ] {
        provider.script().claims[claim] = value.clone();
        let answer = provider.sign_in(&app, "a").await;
        assert_eq!(
            code(answer).await,
            (400, "provider_invalid".into()),
            "{claim}: {value}"
        );
        provider.script().claims = good.clone();
    }
    tokens(provider.sign_in(&app, "a").await).await;
}

#[tokio::test]
async fn security_8_an_id_token_of_another_sign_in_is_refused() {
    let (app, provider) = one().await;
    let (first, second) = (app.begin("a").await, app.begin("a").await);
    let callback = provider.approve(&first);
    // Now the provider has the other sign-in's nonce.
    provider.approve(&second);
    refused(
        app.finish(&first.cookie, &callback).await,
        "provider_invalid",
    )
    .await;
}

#[tokio::test]
async fn security_8_an_unsigned_id_token_is_refused() {
    let (app, provider) = one().await;
    let begun = app.begin("a").await;
    let callback = provider.approve(&begun);
    let claims = provider.script().claims.to_string();
    let unsigned = format!(
        "{}.{}.",
        B64.encode(r#"{"alg":"none"}"#),
        B64.encode(claims)
    );
    provider.hand_out(&unsigned);
    refused(
        app.finish(&begun.cookie, &callback).await,
        "provider_invalid",
    )
    .await;
}

#[tokio::test]
async fn security_10_a_provider_may_change_its_key() {
    let (app, provider) = one().await;
    tokens(provider.sign_in(&app, "a").await).await;
    provider.script().rotate(ProviderKey::ec("key-2"));
    app.clock.advance(std::time::Duration::from_mins(1));
    tokens(provider.sign_in(&app, "a").await).await;
    assert_eq!(provider.count("/jwks"), 2);
}

#[tokio::test]
async fn security_11_an_account_is_an_issuer_and_a_subject() {
    let (app, a, b) = two().await;
    b.script().claims["email_verified"] = json!(false);
    let ada = tokens(a.sign_in(&app, "a").await).await;
    // The same subject and the same address, said by another issuer.
    let other = tokens(b.sign_in(&app, "b").await).await;
    assert_ne!(
        claims(&ada.access_token)["sub"],
        claims(&other.access_token)["sub"]
    );
    // The same account under a new address.
    a.script().claims["email"] = json!("ada.king@example.com");
    let renamed = claims(&tokens(a.sign_in(&app, "a").await).await.access_token);
    assert_eq!(renamed["sub"], claims(&ada.access_token)["sub"]);
    assert_eq!(renamed["email"], "ada.king@example.com");
}

#[tokio::test]
async fn security_11_an_unverified_address_gives_no_rights() {
    let provider = ScriptedProvider::start().await;
    provider.script().claims["email_verified"] = json!(false);
    let config = format!("admins = [\"ada@example.com\"]\n{}", provider.section("a"));
    let app = TestApp::with(&config).await;
    let signed_in = tokens(provider.sign_in(&app, "a").await).await;
    assert_eq!(claims(&signed_in.access_token)["roles"], json!([]));

    let list = "[admission]\nmode = \"allow-list\"\nemails = [\"ada@example.com\"]\n";
    let app = TestApp::with(&format!("{list}{}", provider.section("a"))).await;
    refused(provider.sign_in(&app, "a").await, "not_admitted").await;
}

#[tokio::test]
async fn security_13_what_a_provider_writes_is_never_passed_on() {
    let (app, provider) = one().await;
    provider.refuse(&json!({
        "error": "invalid_grant",
        "error_description": "<script>alert(1)</script>",
        "error_uri": "https://evil.example/",
    }));
    let answer = provider.sign_in(&app, "a").await;
    assert_eq!(header(&answer, "content-type"), "application/json");
    assert_eq!(header(&answer, "x-content-type-options"), "nosniff");
    let body = answer.text().await.expect("a body");
    assert!(!body.contains('<') && !body.contains("evil"), "{body}");
}

#[tokio::test]
async fn security_73_a_provider_that_is_down_signs_nobody_in() {
    let (app, provider) = one().await;
    let (signed_in, begun) = (
        tokens(provider.sign_in(&app, "a").await).await,
        app.begin("a").await,
    );
    let callback = provider.approve(&begun);
    drop(provider);
    let answer = app.finish(&begun.cookie, &callback).await;
    assert_eq!(header(&answer, "retry-after"), "2");
    assert_eq!(code(answer).await, (503, "provider_unavailable".into()));
    // Who is signed in does not notice.
    assert_eq!(app.check(&signed_in.access_token).await, Ok(()));
    app.refreshed(&signed_in.refresh_token).await;
}
