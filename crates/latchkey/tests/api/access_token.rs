//! Public and protected routes under `/api/`, and which access tokens they accept.

mod bearer;
mod claims;
mod fixture;
mod forged;
mod rewritten;

use std::time::Duration;

use latchkey_types::Me;
use serde_json::{Value, json};

use crate::app::TestApp;
use latchkey_testing::refusal;

#[tokio::test]
async fn a_signed_in_user_calls_the_api() {
    let app = TestApp::start().await;
    let tokens = app.sign_in().await;
    let me: Me = app
        .get_as("/api/me", &tokens.access_token)
        .await
        .json()
        .await
        .expect("me");
    assert_eq!(me.email.as_deref(), Some("ada@example.com"));
    assert_eq!(me.name.as_deref(), Some("Ada Lovelace"));
    assert_eq!(me.expires_at - me.issued_at, 600);
    assert_eq!(app.check(&tokens.access_token).await, Ok(()));
    let open = app.get("/api/").send().await.expect("a response");
    assert_eq!(open.status(), 200);
}

#[tokio::test]
async fn an_expired_access_token_and_an_invalid_one_have_different_codes() {
    let app = TestApp::start().await;
    let tokens = app.sign_in().await;
    app.clock.advance(Duration::from_mins(10));
    let expired = app.get_as("/api/me", &tokens.access_token).await;
    assert_eq!(refusal(expired).await, (401, "token_expired".into()));
    let invalid = app.get_as("/api/me", "not.a.token").await;
    assert_eq!(refusal(invalid).await, (401, "token_invalid".into()));
}

#[tokio::test]
async fn configured_admins_have_the_role_admin() {
    let app = TestApp::with("demo = true\nadmins = [\"grace@example.com\"]").await;
    for (email, roles) in [
        ("grace@example.com", json!(["admin"])),
        ("ada@example.com", json!([])),
    ] {
        let tokens = app.sign_in_as(email).await;
        let me = app.get_as("/api/me", &tokens.access_token).await;
        let me: Value = me.json().await.expect("JSON");
        assert_eq!(me["roles"], roles, "{email}");
    }
}
