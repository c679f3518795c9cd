//! Hostile providers. The protocol checks themselves are tested in `latchkey-identity`; these tests
//! show the result over HTTP.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use reqwest::Response;
use serde_json::{Value, json};

use crate::app::{TestApp, claims};
use latchkey_testing::{ProviderKey, ScriptedProvider, code, header, tokens};

async fn two_providers() -> (TestApp, ScriptedProvider, ScriptedProvider) {
    let (a, b) = (
        ScriptedProvider::start().await,
        ScriptedProvider::start().await,
    );
    let app = TestApp::with(&format!("{}{}", a.section("a"), b.section("b"))).await;
    (app, a, b)
}

async fn one_provider() -> (TestApp, ScriptedProvider) {
    let provider = ScriptedProvider::start().await;
    (TestApp::with(&provider.section("a")).await, provider)
}

/// Asserts that the sign-in was refused with this code.
async fn refused(response: Response, expected: &str) {
    assert_eq!(header(&response, "content-type"), "application/json");
    assert_eq!(code(response).await, (400, expected.into()));
}

#[tokio::test]
async fn security_5_a_code_from_one_provider_is_not_sent_to_another() {
    let (app, a, b) = two_providers().await;
    for provider in [&a, &b] {
        let supported = json!(true);
        provider.script().metadata["authorization_response_iss_parameter_supported"] = supported;
    }
    // The sign-in was started at A; the callback is B's response with A's state.
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
    // The code, which was issued by B, was not sent to A.
    assert_eq!((a.count("/token"), b.count("/token")), (0, 0));
}

#[tokio::test]
async fn security_5_the_state_of_one_sign_in_is_refused_with_the_cookie_of_another() {
    let (app, a, b) = two_providers().await;
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
    let (app, a, b) = two_providers().await;
    // Provider A signs an ID token with its own key, but names B as the issuer.
    a.script().claims["iss"] = b.issuer.as_str().into();
    refused(a.sign_in(&app, "a").await, "provider_invalid").await;
}

#[tokio::test]
async fn security_7_a_discovery_document_of_another_issuer_is_refused() {
    let (app, a, b) = two_providers().await;
    a.script().metadata["issuer"] = b.issuer.as_str().into();
    let response = app.get("/auth/login?provider=a").send().await;
    let response = response.expect("a response");
    assert_eq!(header(&response, "set-cookie"), "");
    assert_eq!(code(response).await, (400, "provider_invalid".into()));
    let request = app.get("/auth/login?provider=a");
    let response = request.header("accept", "text/html").send().await;
    assert_eq!(
        header(&response.expect("a response"), "location"),
        "/callback?error=provider_invalid"
    );
    // The other provider is not affected.
    tokens(b.sign_in(&app, "b").await).await;
}

#[tokio::test]
async fn security_8_9_an_id_token_that_fails_a_check_is_refused() {
    let (app, provider) = one_provider().await;
    let valid = provider.script().claims.clone();
    for (claim, value) in [
        ("aud", json!("client-2")),
        ("aud", json!([])),
        ("azp", json!("client-2")),
        ("exp", json!(1_700_000_000)),
        ("iat", Value::Null),
        ("sub", Value::Null),
    ] {
        provider.script().claims[claim] = value.clone();
        let response = provider.sign_in(&app, "a").await;
        assert_eq!(
            code(response).await,
            (400, "provider_invalid".into()),
            "{claim}: {value}"
        );
        provider.script().claims = valid.clone();
    }
    tokens(provider.sign_in(&app, "a").await).await;
}

#[tokio::test]
async fn security_8_an_id_token_of_another_sign_in_is_refused() {
    let (app, provider) = one_provider().await;
    let (first, second) = (app.begin("a").await, app.begin("a").await);
    let callback = provider.approve(&first);
    // Now the provider uses the nonce of the other sign-in.
    provider.approve(&second);
    refused(
        app.finish(&first.cookie, &callback).await,
        "provider_invalid",
    )
    .await;
}

#[tokio::test]
async fn security_8_an_unsigned_id_token_is_refused() {
    let (app, provider) = one_provider().await;
    let begun = app.begin("a").await;
    let callback = provider.approve(&begun);
    let claims = provider.script().claims.to_string();
    let unsigned = format!(
        "{}.{}.",
        B64.encode(r#"{"alg":"none"}"#),
        B64.encode(claims)
    );
    provider.set_id_token(&unsigned);
    refused(
        app.finish(&begun.cookie, &callback).await,
        "provider_invalid",
    )
    .await;
}

#[tokio::test]
async fn security_10_a_provider_may_rotate_its_key() {
    let (app, provider) = one_provider().await;
    tokens(provider.sign_in(&app, "a").await).await;
    provider.script().rotate(ProviderKey::ec("key-2"));
    app.clock.advance(std::time::Duration::from_mins(1));
    tokens(provider.sign_in(&app, "a").await).await;
    assert_eq!(provider.count("/jwks"), 2);
}

#[tokio::test]
async fn security_11_a_user_is_identified_by_issuer_and_subject() {
    let (app, a, b) = two_providers().await;
    b.script().claims["email_verified"] = json!(false);
    let ada = tokens(a.sign_in(&app, "a").await).await;
    // The same subject and email address from another issuer.
    let other = tokens(b.sign_in(&app, "b").await).await;
    assert_ne!(
        claims(&ada.access_token)["sub"],
        claims(&other.access_token)["sub"]
    );
    // The same user with a new email address.
    a.script().claims["email"] = json!("ada.king@example.com");
    let renamed = claims(&tokens(a.sign_in(&app, "a").await).await.access_token);
    assert_eq!(renamed["sub"], claims(&ada.access_token)["sub"]);
    assert_eq!(renamed["email"], "ada.king@example.com");
}

#[tokio::test]
async fn security_11_an_unverified_email_grants_neither_admin_role_nor_admission() {
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
async fn security_13_error_details_from_a_provider_are_not_passed_on() {
    let (app, provider) = one_provider().await;
    provider.refuse(&json!({
        "error": "invalid_grant",
        "error_description": "<script>alert(1)</script>",
        "error_uri": "https://evil.example/",
    }));
    let response = provider.sign_in(&app, "a").await;
    assert_eq!(header(&response, "content-type"), "application/json");
    assert_eq!(header(&response, "x-content-type-options"), "nosniff");
    let body = response.text().await.expect("a body");
    assert!(!body.contains('<') && !body.contains("evil"), "{body}");
}

#[tokio::test]
async fn security_73_sign_ins_fail_while_the_provider_is_down() {
    let (app, provider) = one_provider().await;
    let (signed_in, begun) = (
        tokens(provider.sign_in(&app, "a").await).await,
        app.begin("a").await,
    );
    let callback = provider.approve(&begun);
    drop(provider);
    let response = app.finish(&begun.cookie, &callback).await;
    assert_eq!(header(&response, "retry-after"), "2");
    assert_eq!(code(response).await, (503, "provider_unavailable".into()));
    // Existing sessions are not affected.
    assert_eq!(app.check(&signed_in.access_token).await, Ok(()));
    app.refreshed(&signed_in.refresh_token).await;
}
