//! The refresh grant.

use std::time::Duration;

use crate::app::{TestApp, refusal, tokens};

#[tokio::test]
async fn security_44_every_use_rotates() {
    let app = TestApp::start().await;
    let first = app.sign_in().await;
    let second = app.refreshed(&first.refresh_token).await;
    let third = app.refreshed(&second.refresh_token).await;
    assert_ne!(first.refresh_token, second.refresh_token);
    assert_ne!(second.refresh_token, third.refresh_token);
    assert_eq!(
        app.get_as("/api/me", &third.access_token).await.status(),
        200
    );
}

#[tokio::test]
async fn security_47_a_used_refresh_token_ends_the_session() {
    let app = TestApp::start().await;
    let first = app.sign_in().await;
    let second = app.refreshed(&first.refresh_token).await;
    app.clock.advance(Duration::from_secs(11));
    let replay = app.refresh(&first.refresh_token, None).await;
    assert_eq!(refusal(replay).await, (400, "invalid_grant".into()));
    let successor = app.refresh(&second.refresh_token, None).await;
    assert_eq!(refusal(successor).await, (400, "invalid_grant".into()));
    let access = app.get_as("/api/me", &second.access_token).await;
    assert_eq!(refusal(access).await, (401, "token_revoked".into()));
}

#[tokio::test]
async fn a_lost_reply_is_given_again_to_who_repeats_its_key() {
    let app = TestApp::start().await;
    let first = app.sign_in().await;
    let lost = tokens(app.refresh(&first.refresh_token, Some("key-1")).await).await;
    let again = tokens(app.refresh(&first.refresh_token, Some("key-1")).await).await;
    assert_eq!(lost.refresh_token, again.refresh_token);
    assert_ne!(lost.access_token, again.access_token);
}
