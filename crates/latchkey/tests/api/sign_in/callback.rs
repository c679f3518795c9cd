//! What the callback page sends: `grant_type=authorization_code`.

use std::time::Duration;

use crate::app::{TestApp, claims};
use latchkey_testing::{Callback, code, tokens};

#[tokio::test]
async fn security_3_a_callback_without_the_flow_cookie_is_refused() {
    let app = TestApp::start().await;
    let begun = app.begin("demo").await;
    let callback = app.approve(&begun, "ada@example.com").await;
    for cookie in [
        "",
        "other=1",
        "latchkey-flow=",
        "latchkey-flow-=",
        "latchkey-flow=nonsense",
    ] {
        assert_not_found(&app, cookie, &callback).await;
    }
    // The thief's attempts did not consume the sign-in.
    tokens(app.finish(&begun.cookie, &callback).await).await;
}

#[tokio::test]
async fn security_3_a_callback_with_the_cookie_of_another_browser_is_refused() {
    let app = TestApp::start().await;
    let (victim, attacker) = (app.begin("demo").await, app.begin("demo").await);
    let callback = app.approve(&attacker, "grace@example.com").await;
    // The attacker's callback, sent by the victim's browser.
    assert_not_found(&app, &victim.cookie, &callback).await;
}

#[tokio::test]
async fn security_3_a_foreign_or_altered_state_is_refused() {
    let app = TestApp::start().await;
    let begun = app.begin("demo").await;
    let mut callback = app.approve(&begun, "ada@example.com").await;
    let state = callback["state"].clone();
    for wrong in ["x", &state[1..], &state.to_lowercase()] {
        callback.insert("state".into(), wrong.into());
        assert_not_found(&app, &begun.cookie, &callback).await;
    }
}

#[tokio::test]
async fn security_4_a_callback_works_once() {
    let app = TestApp::start().await;
    let begun = app.begin("demo").await;
    let callback = app.approve(&begun, "ada@example.com").await;
    let first = tokens(app.finish(&begun.cookie, &callback).await).await;
    assert_not_found(&app, &begun.cookie, &callback).await;
    // The second attempt does not affect the session of the first.
    assert_eq!(app.check(&first.access_token).await, Ok(()));
}

#[tokio::test]
async fn security_4_of_two_concurrent_callbacks_one_works() {
    let app = TestApp::start().await;
    let begun = app.begin("demo").await;
    let callback = app.approve(&begun, "ada@example.com").await;
    let (one, two) = tokio::join!(
        app.finish(&begun.cookie, &callback),
        app.finish(&begun.cookie, &callback)
    );
    let mut statuses = [one.status().as_u16(), two.status().as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 400]);
}

#[tokio::test]
async fn security_4_a_failed_callback_cannot_be_retried() {
    let app = TestApp::start().await;
    let begun = app.begin("demo").await;
    let valid = app.approve(&begun, "ada@example.com").await;
    let mut guessed = valid.clone();
    guessed.insert("code".into(), "guessed".into());
    let response = app.finish(&begun.cookie, &guessed).await;
    assert_eq!(code(response).await, (400, "provider_refused".into()));
    assert_not_found(&app, &begun.cookie, &valid).await;
}

#[tokio::test]
async fn a_sign_in_expires_after_ten_minutes() {
    let app = TestApp::start().await;
    let begun = app.begin("demo").await;
    app.clock.advance(Duration::from_millis(599_999));
    let callback = app.approve(&begun, "ada@example.com").await;
    tokens(app.finish(&begun.cookie, &callback).await).await;

    let begun = app.begin("demo").await;
    app.clock.advance(Duration::from_mins(10));
    let callback = app.approve(&begun, "ada@example.com").await;
    assert_not_found(&app, &begun.cookie, &callback).await;
}

#[tokio::test]
async fn security_6_a_callback_must_name_its_issuer() {
    let app = TestApp::start().await;
    for iss in [
        None,
        Some("https://evil.example".to_owned()),
        Some(format!("{}/demo/", app.url)),
        Some(app.url.clone()),
    ] {
        let begun = app.begin("demo").await;
        let mut callback = app.approve(&begun, "ada@example.com").await;
        assert_eq!(callback["iss"], format!("{}/demo", app.url));
        callback.remove("iss");
        callback.extend(iss.clone().map(|iss| ("iss".to_owned(), iss)));
        let response = app.finish(&begun.cookie, &callback).await;
        assert_eq!(
            code(response).await,
            (400, "provider_invalid".into()),
            "{iss:?}"
        );
    }
}

#[tokio::test]
async fn security_18_signing_in_again_opens_a_new_session() {
    let app = TestApp::start().await;
    let (first, second) = (app.sign_in().await, app.sign_in().await);
    let (one, two) = (claims(&first.access_token), claims(&second.access_token));
    assert_eq!(one["sub"], two["sub"]);
    assert_ne!(one["sid"], two["sid"]);
    assert_ne!(one["jti"], two["jti"]);
    let other = claims(&app.sign_in_as("grace@example.com").await.access_token);
    assert_ne!(one["sub"], other["sub"]);
}

#[tokio::test]
async fn security_16_no_token_is_in_any_url() {
    let app = TestApp::start().await;
    let begun = app.begin("demo").await;
    let callback = app.approve(&begun, "ada@example.com").await;
    let signed_in = tokens(app.finish(&begun.cookie, &callback).await).await;
    let urls = format!("{} {callback:?} {:?}", begun.authorize, signed_in.return_to);
    assert!(!urls.contains("eyJ"), "{urls}");
    // What the callback page sends is useless without the cookie.
    assert_eq!(
        callback.keys().collect::<Vec<_>>(),
        ["code", "iss", "redirect_uri", "state"]
    );
    assert!(!urls.contains(begun.cookie.split_once('=').expect("a pair").1));
}

#[tokio::test]
async fn only_users_on_the_allow_list_are_admitted() {
    let app = TestApp::with(
        "demo = true\n[admission]\nmode = \"allow-list\"\nemails = [\"ada@example.com\"]\n\
         domains = [\"navy.example\"]",
    )
    .await;
    for email in ["ada@example.com", "grace@navy.example"] {
        app.sign_in_as(email).await;
    }
    for email in [
        "grace@example.com",
        "a@not-navy.example",
        "a@x.navy.example",
    ] {
        let begun = app.begin("demo").await;
        let callback = app.approve(&begun, email).await;
        let response = app.finish(&begun.cookie, &callback).await;
        assert_eq!(
            code(response).await,
            (400, "not_admitted".into()),
            "{email}"
        );
    }
}

async fn assert_not_found(app: &TestApp, cookie: &str, callback: &Callback) {
    let response = app.finish(cookie, callback).await;
    assert_eq!(code(response).await, (400, "sign_in_not_found".into()));
}
