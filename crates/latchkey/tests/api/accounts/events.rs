//! The event stream, `/api/events`.

use std::time::Duration;

use latchkey_types::{ErrorCode, ServerEvent};
use serde_json::json;

use super::sessions::sid;
use crate::app::{TestApp, claims};
use latchkey_testing::{code, header, tokens};

const ENDED: ServerEvent = ServerEvent::SessionEnded {
    code: ErrorCode::SessionEnded,
};

#[tokio::test]
async fn the_stream_requires_a_token_and_is_not_cached() {
    let app = TestApp::start().await;
    let token = app.sign_in().await.access_token;
    let events = app.events(&token).await;
    assert_eq!(
        header(&events.response, "content-type"),
        "text/event-stream"
    );
    assert_eq!(header(&events.response, "cache-control"), "no-store");
    assert_eq!(header(&events.response, "x-accel-buffering"), "no");
    assert_eq!(
        header(&events.response, "x-content-type-options"),
        "nosniff"
    );
    let none = app.get("/api/events").send().await.expect("a response");
    assert_eq!(code(none).await, (401, "token_missing".into()));
    app.revoke(&token).await;
    let denied = app.get_as("/api/events", &token).await;
    assert_eq!(code(denied).await, (401, "token_revoked".into()));
}

#[tokio::test]
async fn account_changes_are_sent_to_the_streams_of_that_account_only() {
    let app = TestApp::start().await;
    let here = app.sign_in().await;
    let grace = app.sign_in_as("grace@example.com").await;
    let mut mine = app.events(&here.access_token).await;
    let mut other = app.events(&grace.access_token).await;

    let there = app.sign_in().await;
    assert_eq!(mine.next().await, Some(ServerEvent::AccountChanged));
    let mut theirs = app.events(&there.access_token).await;
    let path = format!("/api/sessions/{}", sid(&there.access_token));
    app.delete_as(&path, &here.access_token).await;
    assert_eq!(theirs.next().await, Some(ENDED));
    assert_eq!(theirs.next().await, None);
    assert_eq!(mine.next().await, Some(ServerEvent::AccountChanged));
    // A refresh is not an account change.
    let newer = app.refreshed(&here.refresh_token).await;
    app.log_out(&newer.access_token).await;
    assert_eq!(mine.next().await, Some(ENDED));
    assert_eq!(mine.next().await, None);
    // None of these events reached the other user: her first event is her own.
    app.log_out(&grace.access_token).await;
    assert_eq!(other.next().await, Some(ENDED));
}

#[tokio::test]
async fn every_end_of_a_session_ends_its_stream_with_the_reason() {
    let app = TestApp::with("demo = true\nadmins = [\"grace@example.com\"]").await;
    let admin = app.sign_in_as("grace@example.com").await.access_token;
    let end = |code| Some(ServerEvent::SessionEnded { code });

    let revoked = app.sign_in().await;
    let mut events = app.events(&revoked.access_token).await;
    app.revoke(&revoked.refresh_token).await;
    assert_eq!(events.next().await, Some(ENDED));

    let stolen = app.sign_in().await;
    let newer = app.refreshed(&stolen.refresh_token).await;
    let mut events = app.events(&newer.access_token).await;
    app.clock.advance(Duration::from_secs(11));
    app.refresh_is_refused(&stolen.refresh_token).await;
    assert_eq!(events.next().await, end(ErrorCode::RefreshReplayed));

    let ended = app.sign_in().await;
    let sub = claims(&ended.access_token)["sub"]
        .as_str()
        .expect("text")
        .to_owned();
    let mut events = app.events(&ended.access_token).await;
    let path = format!("/api/admin/users/{sub}/sessions");
    app.delete_as(&path, &admin).await;
    assert_eq!(events.next().await, Some(ENDED));

    let banned = app.sign_in().await;
    let mut events = app.events(&banned.access_token).await;
    let request = app.post(&format!("/api/admin/users/{sub}/ban"));
    let request = request
        .bearer_auth(&admin)
        .json(&json!({ "reason": "spam" }));
    assert_eq!(request.send().await.expect("a response").status(), 204);
    assert_eq!(events.next().await, end(ErrorCode::Banned));
    assert_eq!(events.next().await, None);

    let mut own = app.events(&admin).await;
    app.delete_as("/api/admin/sessions", &admin).await;
    assert_eq!(own.next().await, Some(ENDED));
    assert_eq!(own.next().await, None);
}

#[tokio::test]
async fn revoking_an_access_token_closes_its_stream_but_not_its_session() {
    let app = TestApp::start().await;
    let here = app.sign_in().await;
    let newer = app.refreshed(&here.refresh_token).await;
    let mut old = app.events(&here.access_token).await;
    let mut new = app.events(&newer.access_token).await;
    app.revoke(&here.access_token).await;
    assert_eq!(old.next().await, None);
    assert_eq!(new.next().await, Some(ServerEvent::AccountChanged));
}

#[tokio::test]
async fn the_stream_ends_when_its_token_expires() {
    let app = TestApp::start().await;
    let here = app.sign_in().await;
    // The test clock does not move: the runtime's timer ends the stream.
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", &*here.refresh_token),
        ("expires_in", "1"),
    ];
    let short = tokens(app.token(&form).await).await;
    let mut events = app.events(&short.access_token).await;
    assert_eq!(events.next().await, None);
    // The test clock moves: the next notification ends the stream.
    let longer = app.refreshed(&short.refresh_token).await;
    let mut events = app.events(&longer.access_token).await;
    app.clock.advance(Duration::from_mins(10));
    app.sign_in().await;
    assert_eq!(events.next().await, None);
}

#[tokio::test]
async fn a_slow_reader_still_receives_the_end_of_its_session() {
    let app = TestApp::start().await;
    let here = app.sign_in().await;
    let mut events = app.events(&here.access_token).await;
    for _ in 0..50 {
        app.sign_in().await;
    }
    app.log_out(&here.access_token).await;
    let mut changes = 0;
    loop {
        match events.next().await {
            Some(ServerEvent::AccountChanged) => changes += 1,
            other => {
                assert_eq!(other, Some(ENDED));
                break;
            }
        }
    }
    assert!(changes <= 50, "{changes}");
}

#[tokio::test]
async fn an_account_has_at_most_32_streams() {
    let app = TestApp::start().await;
    let here = app.sign_in().await;
    let mut streams = Vec::new();
    for _ in 0..32 {
        streams.push(app.events(&here.access_token).await);
    }
    let refused = app.get_as("/api/events", &here.access_token).await;
    assert_eq!(header(&refused, "retry-after"), "2");
    assert_eq!(code(refused).await, (429, "too_many_requests".into()));
    // Other users are not affected.
    let grace = app.sign_in_as("grace@example.com").await;
    drop(app.events(&grace.access_token).await);
    // Closing a stream makes room for another one.
    streams.truncate(31);
    while app.state.notifier.len() > 31 {
        tokio::task::yield_now().await;
    }
    streams.push(app.events(&here.access_token).await);
    drop(streams);
    while !app.state.notifier.is_empty() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_server_that_stops_ends_its_streams_immediately() {
    let app = TestApp::start().await;
    let here = app.sign_in().await;
    let mut events = app.events(&here.access_token).await;
    let begun = tokio::time::Instant::now();
    let app = app.restarted().await;
    assert_eq!(events.next().await, None);
    // Shutdown gives pending requests ten seconds, but does not wait for streams.
    assert!(begun.elapsed() < Duration::from_secs(8));
    app.events(&here.access_token).await;
}
