//! A restart preserves sessions, denials and sign-ins in progress.

use std::collections::BTreeSet;
use std::time::Duration;

use latchkey_core::Clock as _;
use serde_json::json;

use crate::app::TestApp;
use latchkey_testing::tokens;

#[tokio::test]
async fn sessions_and_denials_survive_a_restart() {
    let app = TestApp::start().await;
    let live = app.sign_in().await;
    let logged_out = app.sign_in().await;
    let revoked = app.sign_in().await;
    let access_revoked = app.sign_in().await;
    let replayed = app.sign_in().await;
    let everywhere = app.sign_in_as("grace@example.com").await;
    app.log_out(&logged_out.access_token).await;
    app.revoke(&revoked.refresh_token).await;
    app.revoke(&access_revoked.access_token).await;
    let successor = app.refreshed(&replayed.refresh_token).await;
    app.clock.advance(Duration::from_secs(11));
    app.refresh_is_refused(&replayed.refresh_token).await;
    let response = app
        .post("/auth/logout")
        .bearer_auth(&everywhere.access_token)
        .json(&json!({ "everywhere": true }))
        .send();
    assert_eq!(response.await.expect("a response").status(), 204);
    let before = denials(&app).await;
    assert_eq!(before.len(), 5);

    let app = app.restarted().await;
    assert_eq!(denials(&app).await, before);
    assert_eq!(app.state.guard.denylist().len(), 5);
    assert_eq!(app.check(&live.access_token).await, Ok(()));
    for denied in [
        &logged_out,
        &revoked,
        &access_revoked,
        &successor,
        &everywhere,
    ] {
        assert_eq!(
            app.check(&denied.access_token).await,
            Err("token_revoked".into())
        );
    }
    for ended in [&logged_out, &revoked, &successor, &everywhere] {
        app.refresh_is_refused(&ended.refresh_token).await;
    }
    app.refreshed(&access_revoked.refresh_token).await;
    app.refreshed(&live.refresh_token).await;
}

#[tokio::test]
async fn a_pending_sign_in_and_a_lost_response_survive_a_restart() {
    let app = TestApp::start().await;
    let signed_in = app.sign_in().await;
    let lost = tokens(app.refresh(&signed_in.refresh_token, Some("key-1")).await).await;
    let begun = app.begin("demo").await;

    let app = app.restarted().await;
    let again = tokens(app.refresh(&signed_in.refresh_token, Some("key-1")).await).await;
    assert_eq!(again.refresh_token, lost.refresh_token);
    let callback = app.approve(&begun, "ada@example.com").await;
    let finished = tokens(app.finish(&begun.cookie, &callback).await).await;
    // The same account as before.
    assert_eq!(
        crate::app::claims(&finished.access_token)["sub"],
        crate::app::claims(&signed_in.access_token)["sub"]
    );
}

#[tokio::test]
async fn expired_denials_are_kept_until_a_sweep() {
    let app = TestApp::start().await;
    let signed_in = app.sign_in().await;
    app.revoke(&signed_in.refresh_token).await;
    app.clock.advance(Duration::from_hours(1));
    let app = app.restarted().await;
    // The clock may be ahead: once it is corrected, a token whose denial was dropped would be valid
    // again.
    assert_eq!(app.state.guard.denylist().len(), 1);
    assert_eq!(app.state.guard.denylist().sweep(app.clock.now(), 10), 1);
    assert!(app.state.guard.denylist().is_empty());
    app.refresh_is_refused(&signed_in.refresh_token).await;
}

async fn denials(app: &TestApp) -> BTreeSet<String> {
    let live = app.state.store.live_denials(app.clock.now()).await;
    live.expect("read")
        .iter()
        .map(|denial| format!("{denial:?}"))
        .collect()
}
