//! Signing out.

use std::time::Duration;

use serde_json::json;

use crate::app::TestApp;
use latchkey_testing::code;

#[tokio::test]
async fn regression_logout_ends_the_session_on_the_server() {
    let app = TestApp::start().await;
    let first = app.sign_in().await;
    let second = app.refreshed(&first.refresh_token).await;
    assert_eq!(app.log_out(&second.access_token).await.status(), 204);
    app.refresh_is_refused(&second.refresh_token).await;
    app.refresh_is_refused(&first.refresh_token).await;
    for access in [&first.access_token, &second.access_token] {
        assert_eq!(app.check(access).await, Err("token_revoked".into()));
    }
}

#[tokio::test]
async fn regression_logout_verifies_its_token() {
    let app = TestApp::start().await;
    let signed_in = app.sign_in().await;
    let other = TestApp::start().await.sign_in().await;
    let (message, _) = signed_in.access_token.rsplit_once('.').expect("a JWT");
    let unsigned = format!("{message}.");
    let invalid = [
        "nonsense",
        &unsigned,
        &signed_in.refresh_token,
        &other.access_token,
    ];
    for token in invalid {
        let response = app.log_out(token).await;
        assert_eq!(
            code(response).await,
            (401, "token_invalid".into()),
            "{token}"
        );
    }
    let none = app.post("/auth/logout").send().await.expect("a response");
    assert_eq!(code(none).await, (401, "token_missing".into()));
    // The session is still live.
    assert_eq!(app.check(&signed_in.access_token).await, Ok(()));
    app.refreshed(&signed_in.refresh_token).await;
}

#[tokio::test]
async fn logout_requires_a_valid_token() {
    let app = TestApp::start().await;
    let first = app.sign_in().await;
    app.clock.advance(Duration::from_mins(10));
    let late = app.log_out(&first.access_token).await;
    assert_eq!(code(late).await, (401, "token_expired".into()));
    let second = app.refreshed(&first.refresh_token).await;
    assert_eq!(app.log_out(&second.access_token).await.status(), 204);
    let again = app.log_out(&second.access_token).await;
    assert_eq!(code(again).await, (401, "token_revoked".into()));
}

#[tokio::test]
async fn security_53_logout_ends_only_the_current_session() {
    let app = TestApp::start().await;
    let here = app.sign_in().await;
    let there = app.sign_in().await;
    assert_eq!(app.log_out(&here.access_token).await.status(), 204);
    app.refresh_is_refused(&here.refresh_token).await;
    assert_eq!(app.check(&there.access_token).await, Ok(()));
    app.refreshed(&there.refresh_token).await;
}

#[tokio::test]
async fn security_53_logout_everywhere_ends_every_session_of_the_user() {
    let app = TestApp::start().await;
    let sessions = [
        app.sign_in().await,
        app.sign_in().await,
        app.sign_in().await,
    ];
    let grace = app.sign_in_as("grace@example.com").await;
    let response = app
        .post("/auth/logout")
        .bearer_auth(&sessions[1].access_token)
        .json(&json!({ "everywhere": true }))
        .send()
        .await;
    assert_eq!(response.expect("a response").status(), 204);
    for session in &sessions {
        assert_eq!(
            app.check(&session.access_token).await,
            Err("token_revoked".into())
        );
        app.refresh_is_refused(&session.refresh_token).await;
    }
    assert_eq!(app.check(&grace.access_token).await, Ok(()));
    // The user can sign in again immediately.
    let again = app.sign_in().await;
    assert_eq!(app.check(&again.access_token).await, Ok(()));
}

#[tokio::test]
async fn the_body_of_logout_is_optional_but_validated() {
    let app = TestApp::start().await;
    let signed_in = app.sign_in().await;
    let token = &signed_in.access_token;
    let logout = || app.post("/auth/logout").bearer_auth(token);
    let wrong = logout().json(&json!({ "everywhere": "yes" })).send().await;
    assert_eq!(
        code(wrong.expect("a response")).await,
        (400, "invalid_request".into())
    );
    let form = logout().form(&[("everywhere", "true")]).send().await;
    assert_eq!(
        code(form.expect("a response")).await,
        (415, "unsupported_media_type".into())
    );
    assert_eq!(app.check(token).await, Ok(()));
    let empty = logout().json(&json!({})).send().await.expect("a response");
    assert_eq!(empty.status(), 204);
}
