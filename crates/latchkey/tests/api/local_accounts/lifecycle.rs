//! The lifecycle of a local account: sign-up, a password change, a restart, a ban, a step-up.

use std::time::Duration;

use latchkey_testing::{claims, code, tokens};
use serde_json::{Value, json};

use super::{OTHER_PASSWORD, PASSWORD, create, invalid_fields, post, sign_in, try_sign_in};
use crate::app::TestApp;

#[tokio::test]
async fn user_signs_up_refreshes_and_changes_the_password() {
    let app = TestApp::with("[local]\nsign_up = \"open\"").await;
    let offered = app.get_json("/auth/providers").await;
    let password = json!({ "sign_up": "open", "mail": false });
    assert_eq!(offered, json!({ "providers": [], "password": password }));

    let new = json!({
        "username": "Ada",
        "password": PASSWORD,
        "name": "Ada Lovelace",
        "email": "ada@example.com",
    });
    let first = tokens(post(&app, "/auth/sign-up", &new).await).await;
    let token = claims(&first.access_token);
    assert_eq!(token["email"], "ada@example.com");
    assert_eq!(token["email_verified"], false);
    assert_eq!(token["name"], "Ada Lovelace");
    assert_eq!(token["auth_time"], 1_800_000_000);
    assert_eq!(
        invalid_fields(post(&app, "/auth/sign-up", &new).await).await,
        ["username"]
    );

    // Usernames are case-insensitive.
    let second = sign_in(&app, "ADA", PASSWORD).await;
    assert_eq!(claims(&second.access_token)["sub"], token["sub"]);
    let first = app.refreshed(&first.refresh_token).await;
    let sessions = app.get_as("/api/sessions", &first.access_token).await;
    let sessions: Value = sessions.json().await.expect("JSON");
    let sessions = sessions["sessions"].as_array().expect("a list");
    assert_eq!(sessions.len(), 2);
    assert!(
        sessions
            .iter()
            .all(|session| session["provider"] == "local")
    );

    // A password change ends the other sessions.
    let change = |current: &str, new: &str| {
        let body = json!({ "current_password": current, "new_password": new });
        let request = app.post("/auth/password/change").json(&body);
        let request = request.bearer_auth(&first.access_token);
        async { request.send().await.expect("a response") }
    };
    let wrong = change("not the password", OTHER_PASSWORD).await;
    assert_eq!(invalid_fields(wrong).await, ["current_password"]);
    let weak = change(PASSWORD, "password1").await;
    assert_eq!(invalid_fields(weak).await, ["new_password"]);
    assert_eq!(app.check(&second.access_token).await, Ok(()));
    assert_eq!(change(PASSWORD, OTHER_PASSWORD).await.status(), 204);
    assert_eq!(app.check(&first.access_token).await, Ok(()));
    assert_eq!(
        app.check(&second.access_token).await,
        Err("token_revoked".into())
    );
    app.refresh_is_refused(&second.refresh_token).await;
    app.refreshed(&first.refresh_token).await;
    let old = try_sign_in(&app, "ada", PASSWORD).await;
    assert_eq!(code(old).await, (401, "invalid_credentials".into()));
    sign_in(&app, "ada", OTHER_PASSWORD).await;

    let activity = app.get_as("/api/activity", &first.access_token).await;
    let activity: Value = activity.json().await.expect("JSON");
    let kinds = activity["events"].as_array().expect("a list").iter();
    let changes = kinds.filter(|event| event["kind"] == "password_changed");
    assert_eq!(changes.count(), 1, "{activity}");
}

#[tokio::test]
async fn accounts_and_sessions_survive_a_restart() {
    let app = TestApp::with("[local]").await;
    create(&app, "ada").await;
    let before = sign_in(&app, "ada", PASSWORD).await;
    let app = app.restarted().await;
    let after = sign_in(&app, "ada", PASSWORD).await;
    let sub = |token: &str| claims(token)["sub"].clone();
    assert_eq!(sub(&before.access_token), sub(&after.access_token));
    app.refreshed(&before.refresh_token).await;

    // Without the section, the account is no longer admitted.
    let app = app.reconfigured("demo = true").await;
    let refused = try_sign_in(&app, "ada", PASSWORD).await;
    assert_eq!(code(refused).await, (404, "not_found".into()));
    let refused = app.refresh(&after.refresh_token, None).await;
    assert_eq!(code(refused).await, (400, "not_admitted".into()));
}

#[tokio::test]
async fn banned_user_can_neither_sign_in_nor_refresh() {
    let app = TestApp::with("[local]").await;
    create(&app, "ada").await;
    let signed_in = sign_in(&app, "ada", PASSWORD).await;
    let user = claims(&signed_in.access_token)["sub"].clone();
    let user = user.as_str().expect("text").parse().expect("an id");
    let banned = app.state.store.ban_user(
        user,
        "spam".to_owned(),
        None,
        latchkey_core::Requester::default(),
        latchkey_core::Timestamp::from_secs(1_800_000_000),
    );
    let banned = banned.await.expect("stored").expect("the user");
    app.state.deny(user, &banned.denials);
    let refused = try_sign_in(&app, "ada", PASSWORD).await;
    assert_eq!(code(refused).await, (400, "banned".into()));
    // A wrong password does not reveal the ban.
    let refused = try_sign_in(&app, "ada", OTHER_PASSWORD).await;
    assert_eq!(code(refused).await, (401, "invalid_credentials".into()));
    app.refresh_is_refused(&signed_in.refresh_token).await;
    assert_eq!(
        app.check(&signed_in.access_token).await,
        Err("token_revoked".into())
    );
}

#[tokio::test]
async fn a_sign_in_with_the_password_is_a_step_up() {
    let app = TestApp::with("[local]").await;
    create(&app, "ada").await;
    let old = sign_in(&app, "ada", PASSWORD).await;
    app.clock.advance(Duration::from_hours(1));
    let old = app.refreshed(&old.refresh_token).await;
    let refused = app.delete_as("/api/sessions", &old.access_token).await;
    assert_eq!(code(refused).await, (401, "step_up_required".into()));
    let new = sign_in(&app, "ada", PASSWORD).await;
    let done = app.delete_as("/api/sessions", &new.access_token).await;
    assert_eq!(done.status(), 204);
    assert_eq!(
        app.check(&old.access_token).await,
        Err("token_revoked".into())
    );
}

#[tokio::test]
async fn allow_list_does_not_apply_to_local_accounts() {
    let list = "[admission]\nmode = \"allow-list\"\nemails = [\"demo:ben@example.com\"]";
    let app = TestApp::with(&format!("demo = true\n{list}\n[local]")).await;
    create(&app, "ada").await;
    let signed_in = sign_in(&app, "ada", PASSWORD).await;
    app.refreshed(&signed_in.refresh_token).await;
}
