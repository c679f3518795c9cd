//! A step-up must end in the account that started it. Login hints are passed to the provider.

use serde_json::Value;

use crate::app::{TestApp, claims};
use latchkey_testing::{PendingSignIn, code, tokens};

const STEP_UP: &str =
    "/auth/login?provider=demo&prompt=login&max_age=600&return_to=/sessions?resume=end-all";

fn sub(access_token: &str) -> String {
    let sub = claims(access_token)["sub"].clone();
    sub.as_str().expect("text").to_owned()
}

fn hint(begun: &PendingSignIn) -> Option<String> {
    let mut pairs = begun.authorize.query_pairs();
    let hint = pairs.find(|(name, _)| name == "login_hint");
    hint.map(|(_, hint)| hint.into_owned())
}

#[tokio::test]
async fn security_89_a_step_up_that_ends_in_another_account_is_refused() {
    let app = TestApp::start().await;
    let ada = app.sign_in().await;
    let grace = app.sign_in_as("grace@example.com").await;
    let path = format!("{STEP_UP}&account={}", sub(&ada.access_token));
    // An existing account and a new one.
    for other in ["grace@example.com", "new@example.com"] {
        let begun = app.begin_at(&path).await;
        let callback = app.approve(&begun, other).await;
        let response = app.finish(&begun.cookie, &callback).await;
        assert_eq!(
            code(response).await,
            (400, "other_account".into()),
            "{other}"
        );
        // The sign-in cannot be used again.
        let callback = app.approve(&begun, "ada@example.com").await;
        let response = app.finish(&begun.cookie, &callback).await;
        assert_eq!(code(response).await, (400, "sign_in_not_found".into()));
    }
    let users = app
        .state
        .store
        .users_by_email("new@example.com".into())
        .await;
    assert_eq!(users.expect("read"), [], "an account was created");
    assert_eq!(app.check(&grace.access_token).await, Ok(()));

    let begun = app.begin_at(&path).await;
    let callback = app.approve(&begun, "ada@example.com").await;
    let again = tokens(app.finish(&begun.cookie, &callback).await).await;
    assert_eq!(sub(&again.access_token), sub(&ada.access_token));
    assert_eq!(again.return_to.as_deref(), Some("/sessions?resume=end-all"));
}

#[tokio::test]
async fn unknown_accounts_and_malformed_hints_are_refused() {
    let app = TestApp::start().await;
    let unknown = latchkey_core::UserId::from_bytes([1; 16]);
    let begun = app.begin_at(&format!("{STEP_UP}&account={unknown}")).await;
    let callback = app.approve(&begun, "ada@example.com").await;
    let response = app.finish(&begun.cookie, &callback).await;
    assert_eq!(code(response).await, (400, "other_account".into()));
    let long = "a".repeat(321);
    for query in [
        "account=ada@example.com",
        "account=x",
        "login_hint=a%0d%0ab",
        "login_hint=%00",
        &format!("login_hint={long}"),
    ] {
        let response = app.get(&format!("{STEP_UP}&{query}")).send().await;
        let response = code(response.expect("a response")).await;
        assert_eq!(response, (400, "invalid_request".into()), "{query}");
    }
}

#[tokio::test]
async fn a_login_hint_is_sent_to_the_provider_unchanged() {
    let app = TestApp::start().await;
    let begun = app
        .begin_at(&format!("{STEP_UP}&login_hint=a%2Bb%26c@example.com"))
        .await;
    assert_eq!(hint(&begun).as_deref(), Some("a+b&c@example.com"));
    // The server adds no hint of its own: knowing a user id must not reveal the address.
    let ada = app.sign_in().await;
    let account = sub(&ada.access_token);
    let begun = app.begin_at(&format!("{STEP_UP}&account={account}")).await;
    assert_eq!(hint(&begun), None);
    assert!(!begun.authorize.as_str().contains(&account));
    assert_ne!(claims(&ada.access_token)["email"], Value::Null);
}
