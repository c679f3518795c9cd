//! SECURITY 70: users can see the security events of their account.

use std::time::Duration;

use latchkey_types::{ActivityKind as Kind, TokenResponse};

use super::sessions::sid;
use crate::app::{FIREFOX, TestApp, claims};
use latchkey_testing::code;

/// Signs Ada in and ends her sessions in every way that she or an operator can, one second apart,
/// then bans and unbans her. Returns the tokens of the admin, and those of Ada's last
/// sign-in.
async fn sign_in_and_end_sessions(app: &TestApp) -> (TokenResponse, TokenResponse) {
    let admin = app.sign_in_as("grace@example.com").await;
    let here = app.sign_in_with(FIREFOX).await;
    let ada = claims(&here.access_token)["sub"]
        .as_str()
        .expect("text")
        .to_owned();
    let tick = || app.clock.advance(Duration::from_secs(1));

    tick();
    let signed_out = app.sign_in().await;
    app.log_out(&signed_out.access_token).await;

    tick();
    let remote = app.sign_in().await;
    let path = format!("/api/sessions/{}", sid(&remote.access_token));
    app.delete_as(&path, &here.access_token).await;

    tick();
    let revoked = app.sign_in().await;
    app.revoke(&revoked.access_token).await;
    app.revoke(&revoked.refresh_token).await;

    tick();
    app.sign_in().await;
    app.delete_as("/api/sessions", &here.access_token).await;

    tick();
    app.sign_in().await;
    let path = format!("/api/admin/users/{ada}/sessions");
    app.delete_as(&path, &admin.access_token).await;

    tick();
    let path = format!("/api/admin/users/{ada}/ban");
    let reason = serde_json::json!({ "reason": "spam" });
    let request = app.post(&path).bearer_auth(&admin.access_token);
    let banned = request.json(&reason).send().await.expect("a response");
    assert_eq!(banned.status(), 204);
    app.delete_as(&path, &admin.access_token).await;

    // One second later, so that this sign-in is the only event at its time.
    tick();
    (admin, app.sign_in_with(FIREFOX).await)
}

#[tokio::test]
async fn security_70_security_events_are_listed_newest_first() {
    let app = TestApp::with("demo = true\nadmins = [\"grace@example.com\"]").await;
    let (admin, ada) = sign_in_and_end_sessions(&app).await;
    let expected = [
        Kind::SignedIn,
        Kind::Unbanned,
        Kind::Banned,
        Kind::EndedByOperator,
        Kind::SignedIn,
        Kind::EndedAll,
        Kind::SignedIn,
        Kind::Revoked,
        Kind::Revoked,
        Kind::SignedIn,
        Kind::EndedRemotely,
        Kind::SignedIn,
        Kind::SignedOut,
        Kind::SignedIn,
        Kind::SignedIn,
    ];
    assert_eq!(app.kinds(&ada.access_token).await, expected);
    // Other users see only their own events.
    assert_eq!(app.kinds(&admin.access_token).await, [Kind::SignedIn]);
    let none = app.get("/api/activity").send().await.expect("a response");
    assert_eq!(code(none).await, (401, "token_missing".into()));
}

#[tokio::test]
async fn security_70_an_event_shows_where_the_user_acted_but_not_where_an_operator_did() {
    let app = TestApp::with("demo = true\nadmins = [\"grace@example.com\"]").await;
    let (_, ada) = sign_in_and_end_sessions(&app).await;
    let events = app.activity(&ada.access_token).await;
    let newest = &events[0];
    assert_eq!(newest.at, 1_800_000_007);
    assert_eq!(newest.browser.as_deref(), Some("Firefox 145"));
    assert_eq!(newest.system.as_deref(), Some("Windows"));
    assert_eq!(newest.address.as_deref(), Some("127.0.0.1"));
    assert_eq!(newest.session_id, Some(sid(&ada.access_token)));
    for event in &events[1..4] {
        assert_eq!(
            (&event.browser, &event.address),
            (&None, &None),
            "{event:?}"
        );
    }
}

#[tokio::test]
async fn security_70_a_replay_is_listed_with_both_addresses() {
    let app = TestApp::start().await;
    let here = app.sign_in().await;
    let stolen = app.sign_in().await;
    app.refreshed(&stolen.refresh_token).await;
    app.clock.advance(Duration::from_secs(11));
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", &*stolen.refresh_token),
    ];
    let request = app.post("/auth/token").header("user-agent", FIREFOX);
    let replay = request.form(&form).send().await.expect("a response");
    assert_eq!(code(replay).await, (400, "refresh_replayed".into()));

    let event = app.activity(&here.access_token).await.remove(0);
    assert_eq!(event.kind, Kind::Replayed);
    assert_eq!(event.session_id, Some(sid(&stolen.access_token)));
    assert_eq!(event.browser.as_deref(), Some("Firefox 145"));
    assert_eq!(event.address.as_deref(), Some("127.0.0.1"));
    assert_eq!(event.other_address.as_deref(), Some("127.0.0.1"));
    // The event survives a restart.
    let app = app.restarted().await;
    assert_eq!(app.activity(&here.access_token).await[0], event);
}

#[tokio::test]
async fn only_the_latest_refresh_of_a_session_is_listed() {
    let app = TestApp::start().await;
    let mut here = app.sign_in_with(FIREFOX).await;
    for _ in 0..5 {
        app.clock.advance(Duration::from_mins(1));
        here = app.refreshed(&here.refresh_token).await;
    }
    let events = app.activity(&here.access_token).await;
    let kinds: Vec<_> = events.iter().map(|event| (event.kind, event.at)).collect();
    let start = 1_800_000_000;
    assert_eq!(
        kinds,
        [(Kind::Refreshed, start + 300), (Kind::SignedIn, start)]
    );
    assert_eq!(events[0].browser.as_deref(), Some("Firefox 145"));
    assert_eq!(events[0].address, None);
}

#[tokio::test]
async fn pagination_has_no_gaps_and_no_duplicates() {
    let app = TestApp::start().await;
    for number in 0..7 {
        app.clock.advance(Duration::from_secs(number % 2));
        let signed_in = app.sign_in().await;
        app.refreshed(&signed_in.refresh_token).await;
    }
    app.clock.advance(Duration::from_secs(1));
    let here = app.sign_in().await;
    let all = app.activity(&here.access_token).await;
    for limit in [1, 2, 3, 5, 50, 5000] {
        let mut paged = Vec::new();
        let mut path = format!("/api/activity?limit={limit}");
        loop {
            let page = app.activity_page(&path, &here.access_token).await;
            paged.extend(page.events);
            let Some(next) = page.next else { break };
            path = format!("/api/activity?limit={limit}&before={next}");
        }
        assert_eq!(paged, all, "{limit}");
    }
    for query in ["limit=0", "limit=x", "limit=-1", "before=x", "before=AAAA"] {
        let path = format!("/api/activity?{query}");
        let response = app.get_as(&path, &here.access_token).await;
        assert_eq!(
            code(response).await,
            (400, "invalid_request".into()),
            "{query}"
        );
    }
}
