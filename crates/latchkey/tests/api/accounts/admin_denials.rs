//! The admin API for sessions, the denylist and signing keys.

use std::time::Duration;

use latchkey_core::{Clock as _, SigningAlgorithm, Timestamp};
use latchkey_testing::code;
use latchkey_tokens::{MasterKey, SigningKey};
use serde_json::{Value, json};

use crate::app::{TestApp, claims};

const CONFIG: &str = "demo = true\nadmins = [\"grace@example.com\"]";

fn claim(access_token: &str, name: &str) -> String {
    let claims = claims(access_token);
    claims[name].as_str().expect("text").to_owned()
}

async fn get(app: &TestApp, admin: &str, path: &str) -> Value {
    let response = app.get_as(path, admin).await;
    assert_eq!(response.status(), 200, "{path}");
    response.json().await.expect("JSON")
}

async fn deny(app: &TestApp, admin: &str, body: Value) -> (u16, String) {
    let request = app.post("/api/admin/denials").bearer_auth(admin);
    let response = request.json(&body).send().await.expect("a response");
    if response.status() == 204 {
        return (204, String::new());
    }
    code(response).await
}

#[tokio::test]
async fn sessions_of_all_users_are_listed_and_a_single_one_can_be_ended() {
    let app = TestApp::with(CONFIG).await;
    let admin = app.sign_in_as("grace@example.com").await.access_token;
    let mut sessions = Vec::new();
    for name in ["ada", "ada", "bob"] {
        app.clock.advance(Duration::from_secs(1));
        sessions.push(app.sign_in_as(&format!("{name}@example.com")).await);
    }
    let id = |index: usize| claim(&sessions[index].access_token, "sid");
    let mut found = Vec::new();
    let mut path = "/api/admin/sessions?limit=1".to_owned();
    loop {
        let page = get(&app, &admin, &path).await;
        found.extend(page["sessions"].as_array().expect("sessions").clone());
        let Some(next) = page["next"].as_str() else {
            break;
        };
        path = format!("/api/admin/sessions?limit=1&before={next}");
    }
    let ids: Vec<_> = found.iter().map(|session| session["id"].clone()).collect();
    assert_eq!(ids[..3], [json!(id(2)), json!(id(1)), json!(id(0))]);
    assert_eq!(ids.len(), 4);
    assert_eq!(found[0]["email"], "bob@example.com");
    let ada = claim(&sessions[0].access_token, "sub");
    assert_eq!(found[1]["user"], ada);
    let of_ada = get(&app, &admin, &format!("/api/admin/users/{ada}/sessions")).await;
    assert_eq!(of_ada["sessions"], json!(found[1..3]));

    let ended = app
        .delete_as(&format!("/api/admin/sessions/{}", id(1)), &admin)
        .await;
    assert_eq!(ended.status(), 204);
    let access = app.check(&sessions[1].access_token).await;
    assert_eq!(access, Err("token_revoked".into()));
    app.refresh_is_refused(&sessions[1].refresh_token).await;
    assert_eq!(app.check(&sessions[0].access_token).await, Ok(()));
    for unknown in ["x", "AAAAAAAAAAAAAAAAAAAAAA"] {
        let path = format!("/api/admin/sessions/{unknown}");
        let response = app.delete_as(&path, &admin).await;
        assert_eq!(code(response).await, (404, "not_found".into()));
    }
}

#[tokio::test]
async fn a_denied_token_is_refused_until_the_denial_is_lifted_even_after_a_restart() {
    let app = TestApp::with(CONFIG).await;
    let admin = app.sign_in_as("grace@example.com").await.access_token;
    let ada = app.sign_in().await;
    let body = json!({ "token": ada.access_token, "reason": "copied" });
    assert_eq!(deny(&app, &admin, body.clone()).await.0, 204);
    assert_eq!(deny(&app, &admin, body.clone()).await.0, 204, "again");
    let refused = Err("token_revoked".to_owned());
    assert_eq!(app.check(&ada.access_token).await, refused);
    // The session is not affected.
    let refreshed = app.refreshed(&ada.refresh_token).await;
    assert_eq!(app.check(&refreshed.access_token).await, Ok(()));

    let jti = claim(&ada.access_token, "jti");
    let list = get(&app, &admin, "/api/admin/denials").await;
    let denial = &list["denials"][0];
    assert_eq!(denial["kind"], "token");
    assert_eq!(denial["id"], jti);
    assert_eq!(denial["reason"], "copied");
    assert_eq!(denial["by"], claim(&admin, "sub"));
    assert_eq!(denial["liftable"], true);

    let app = app.restarted().await;
    assert_eq!(app.check(&ada.access_token).await, refused);
    let path = format!("/api/admin/denials/token/{jti}");
    assert_eq!(app.delete_as(&path, &admin).await.status(), 204);
    assert_eq!(app.check(&ada.access_token).await, Ok(()));
    let list = get(&app, &admin, "/api/admin/denials").await;
    assert_eq!(list["denials"], json!([]));
    let again = app.delete_as(&path, &admin).await;
    assert_eq!(code(again).await, (409, "not_liftable".into()));
    let app = app.restarted().await;
    assert_eq!(app.check(&ada.access_token).await, Ok(()));
    assert_eq!(deny(&app, &admin, body).await.0, 204);
    assert_eq!(app.check(&ada.access_token).await, refused);
}

#[tokio::test]
async fn denying_a_session_or_a_user_ends_sessions_for_good() {
    let app = TestApp::with(CONFIG).await;
    let admin = app.sign_in_as("grace@example.com").await.access_token;
    let [ada, bob] = [app.sign_in().await, app.sign_in_as("bob@example.com").await];
    let session = claim(&ada.access_token, "sid");
    let user = claim(&bob.access_token, "sub");
    let body = json!({ "session": session, "reason": "lost" });
    assert_eq!(deny(&app, &admin, body).await.0, 204);
    let body = json!({ "user": user, "reason": "left" });
    assert_eq!(deny(&app, &admin, body).await.0, 204);
    for tokens in [&ada, &bob] {
        let access = app.check(&tokens.access_token).await;
        assert_eq!(access, Err("token_revoked".into()));
        app.refresh_is_refused(&tokens.refresh_token).await;
    }
    let first = get(&app, &admin, "/api/admin/denials?limit=1").await;
    let next = first["next"].as_str().expect("more pages");
    let path = format!("/api/admin/denials?limit=1&before={next}");
    let second = get(&app, &admin, &path).await;
    let pages = [&first["denials"][0], &second["denials"][0]];
    let by = claim(&admin, "sub");
    for (denial, kind, id, reason) in [
        (pages[0], "session", &session, "lost"),
        (pages[1], "user", &user, "left"),
    ] {
        assert_eq!(denial["kind"], kind);
        assert_eq!(denial["id"], *id);
        assert_eq!(denial["reason"], reason);
        assert_eq!(denial["by"], by);
        assert_eq!(denial["liftable"], false);
        let path = format!("/api/admin/denials/{kind}/{id}");
        let lifted = app.delete_as(&path, &admin).await;
        assert_eq!(code(lifted).await, (409, "not_liftable".into()));
    }
    let path = "/api/admin/audit?kind=ended_by_operator";
    let recorded = get(&app, &admin, path).await;
    let details = recorded["events"].as_array().expect("events").iter();
    let mut details: Vec<_> = details.map(|it| it["detail"].clone()).collect();
    details.sort_by_key(ToString::to_string);
    let expected = [
        json!(format!("session {session}: lost")),
        json!(format!("user {user}: left")),
    ];
    assert_eq!(details, expected);
    // The user can sign in again.
    let again = app.sign_in_as("bob@example.com").await;
    assert_eq!(app.check(&again.access_token).await, Ok(()));
}

#[tokio::test]
async fn denial_of_a_token_that_its_user_revoked_cannot_be_lifted() {
    let app = TestApp::with(CONFIG).await;
    let admin = app.sign_in_as("grace@example.com").await.access_token;
    let ada = app.sign_in().await;
    app.revoke(&ada.access_token).await;
    // It cannot be lifted even if an administrator denies the same token, too.
    let body = json!({ "token": ada.access_token, "reason": "copied" });
    assert_eq!(deny(&app, &admin, body).await.0, 204);
    let jti = claim(&ada.access_token, "jti");
    let path = format!("/api/admin/denials/token/{jti}");
    let lifted = app.delete_as(&path, &admin).await;
    assert_eq!(code(lifted).await, (409, "not_liftable".into()));
    let access = app.check(&ada.access_token).await;
    assert_eq!(access, Err("token_revoked".into()));
}

#[tokio::test]
async fn invalid_denials_are_refused() {
    let app = TestApp::with(CONFIG).await;
    let admin = app.sign_in_as("grace@example.com").await.access_token;
    let ada = app.sign_in().await;
    let nobody = "AAAAAAAAAAAAAAAAAAAAAA";
    let (invalid, unknown) = ((400, "invalid_request".into()), (404, "not_found".into()));
    for (body, expected) in [
        (json!({ "reason": "x" }), &invalid),
        (json!({ "token": ada.access_token }), &invalid),
        (
            json!({ "token": ada.access_token, "reason": " " }),
            &invalid,
        ),
        (json!({ "token": "x", "reason": "x" }), &invalid),
        (
            json!({ "token": ada.refresh_token, "reason": "x" }),
            &invalid,
        ),
        (
            json!({ "user": nobody, "session": nobody, "reason": "x" }),
            &invalid,
        ),
        (json!({ "user": nobody, "reason": "x" }), &unknown),
        (json!({ "session": nobody, "reason": "x" }), &unknown),
        (json!({ "session": "x", "reason": "x" }), &unknown),
    ] {
        let response = deny(&app, &admin, body.clone()).await;
        assert_eq!(response, *expected, "{body}");
    }
    for path in ["token/x", "nothing/x", "user/x", &format!("token/{nobody}")] {
        let path = format!("/api/admin/denials/{path}");
        let response = app.delete_as(&path, &admin).await;
        assert_eq!(code(response).await, unknown, "{path}");
    }
    assert_eq!(app.check(&ada.access_token).await, Ok(()));
}

#[tokio::test]
async fn keys_are_listed_with_their_state_and_rotated() {
    let app = TestApp::with(CONFIG).await;
    let admin = app.sign_in_as("grace@example.com").await.access_token;
    let before = get(&app, &admin, "/api/admin/keys").await;
    assert_eq!(before["keys"][0]["state"], "signing");
    assert_eq!(before["keys"][0]["algorithm"], "ES256");
    assert_eq!(before["keys"][0].get("expires_at"), None);
    let rotated = app.post("/api/admin/keys").bearer_auth(&admin).send().await;
    let rotated: Value = rotated.expect("a response").json().await.expect("JSON");
    let states = |list: &Value| {
        let keys = list["keys"].as_array().expect("keys").clone();
        let states = keys.into_iter().map(|key| key["state"].clone());
        states.collect::<Vec<_>>()
    };
    let after = get(&app, &admin, "/api/admin/keys").await;
    assert_eq!(after["keys"][0]["kid"], rotated["kid"]);
    assert_eq!(states(&after), ["next", "signing"]);
    assert!(after["keys"][1]["expires_at"].is_u64());
    // Until the new key signs, another rotation adds no key and records no event.
    app.clock.advance(Duration::from_secs(599));
    for _ in 0..3 {
        let again = app.post("/api/admin/keys").bearer_auth(&admin).send().await;
        let again: Value = again.expect("a response").json().await.expect("JSON");
        assert_eq!(again, rotated);
    }
    assert_eq!(get(&app, &admin, "/api/admin/keys").await, after);
    let flushed = app.state.audit.flush(&*app.state.store).await;
    flushed.expect("written");
    let recorded = get(&app, &admin, "/api/admin/audit?kind=key_rotated").await;
    assert_eq!(recorded["events"].as_array().map(Vec::len), Some(1));
    app.clock.advance(Duration::from_mins(10));
    let admin = app.sign_in_as("grace@example.com").await.access_token;
    let later = get(&app, &admin, "/api/admin/keys").await;
    assert_eq!(states(&later), ["signing", "retired"]);
}

/// A rotation that adds a key and then fails must be recorded: a second request finds the new key and
/// records nothing.
#[tokio::test]
async fn rotation_is_recorded_even_if_the_keys_cannot_be_loaded_afterwards() {
    let app = TestApp::with(CONFIG).await;
    let admin = app.sign_in_as("grace@example.com").await.access_token;
    let list = get(&app, &admin, "/api/admin/keys").await;
    let current = list["keys"][0]["kid"].as_str().expect("text").to_owned();
    // An older key that this server cannot decrypt.
    let (store, past) = (&app.state.store, Timestamp::from_secs(1));
    let master = MasterKey::random(&*app.state.rng);
    let foreign = SigningKey::generate(SigningAlgorithm::ES256, &master, past, past);
    let foreign = foreign.expect("a key");
    let retire_at = app.clock.now().plus(Duration::from_hours(1));
    let added = store.add_signing_key(foreign, Some(current), retire_at);
    assert!(added.await.expect("stored"));

    let rotated = app.post("/api/admin/keys").bearer_auth(&admin).send().await;
    assert_eq!(rotated.expect("a response").status(), 500);
    assert_eq!(store.signing_keys().await.expect("read").len(), 3);
    app.state.audit.flush(&**store).await.expect("written");
    let recorded = get(&app, &admin, "/api/admin/audit?kind=key_rotated").await;
    assert_eq!(recorded["events"].as_array().map(Vec::len), Some(1));
}
