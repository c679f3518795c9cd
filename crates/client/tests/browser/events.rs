//! The event stream: when it is opened and closed, and the effects of its events.

use latchkey_client::{EndReason, Notice, Progress, SessionState};
use latchkey_types::ErrorCode;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::server::{Server, notices, store, stored, tokens, wait_for_state, wait_until};

const READY: &str = "data: {\"type\":\"ready\"}\n\n";
const ENDED: &str = "data: {\"type\":\"session_ended\",\"code\":\"refresh_replayed\"}\n\n";

fn changes(received: &[Notice]) -> usize {
    let changes = received.iter().filter(|it| **it == Notice::AccountChanged);
    changes.count()
}

#[wasm_bindgen_test]
async fn the_stream_is_authenticated_and_observers_are_notified() {
    let server = Server::with_expired_tokens();
    let client = server.client();
    let received = notices(&client);
    wait_until(|| server.count("/api/events") == 1).await;
    let authorization = ("Authorization", "Bearer access-0".to_owned());
    assert!(server.log.borrow()[0].headers.contains(&authorization));
    server.send_chunk(READY);
    assert_eq!(
        changes(&received.borrow()),
        1,
        "`ready` counts as a change, because earlier events were missed"
    );
    server.send_chunk(": keep-alive\n\ndata: {\"type\":\"account_");
    server.send_chunk("changed\"}\n\n");
    assert_eq!(changes(&received.borrow()), 2);
    assert_eq!(server.open_streams(), 1);
    client.sign_out().await;
    assert_eq!(server.open_streams(), 0);
}

#[wasm_bindgen_test]
async fn the_end_of_a_session_is_confirmed_by_a_refresh() {
    let server = Server::with_expired_tokens();
    let client = server.client();
    let received = notices(&client);
    wait_until(|| server.count("/api/events") == 1).await;
    server.send_chunk(READY);
    let ended = r#"{"error":"invalid_grant","code":"session_ended"}"#;
    *server.refuse.borrow_mut() = Some((400, ended));
    server.send_chunk(ENDED);
    wait_for_state(&client, SessionState::SignedOut).await;
    assert_eq!(server.count("/auth/token"), 1);
    assert_eq!(stored(), None);
    // The stream gave a more precise reason than the refresh.
    let reason = EndReason::ByServer(Some(ErrorCode::RefreshReplayed));
    assert!(received.borrow().contains(&Notice::Ended(reason)));
}

#[wasm_bindgen_test]
async fn a_stream_event_does_not_end_a_session_and_the_stream_is_reopened_after_a_refresh() {
    let server = Server::with_expired_tokens();
    let client = server.client();
    wait_until(|| server.count("/api/events") == 1).await;
    server.send_chunk(READY);
    server.send_chunk(ENDED);
    wait_until(|| stored().is_some_and(|it| it.access_token == "access-2")).await;
    assert_eq!(client.state(), SessionState::SignedIn);
    wait_until(|| server.count("/api/events") == 2).await;
    assert_eq!(
        server.open_streams(),
        1,
        "the stream with the old token must be closed"
    );
}

#[wasm_bindgen_test]
async fn the_end_of_a_replaced_session_is_ignored() {
    let server = Server::with_expired_tokens();
    let client = server.client();
    wait_until(|| server.count("/api/events") == 1).await;
    server.send_chunk(READY);
    // Another tab has signed in again; its storage event has not arrived yet.
    store(&tokens(9));
    server.send_chunk(ENDED);
    // The lock is granted in order, so any refresh that the event caused completes first.
    let other = server.client();
    let received = notices(&other);
    other.refresh();
    wait_until(|| {
        received.borrow().iter().any(|notice| {
            matches!(
                notice,
                Notice::Refresh {
                    progress: Progress::Refreshed,
                    ..
                }
            )
        })
    })
    .await;
    assert_eq!(
        server.count("/auth/token"),
        1,
        "only the refresh of the other client"
    );
    assert_eq!(client.state(), SessionState::SignedIn);
}

#[wasm_bindgen_test]
async fn a_rejected_stream_causes_one_refresh_only() {
    let server = Server::with_expired_tokens();
    let _client = server.client();
    wait_until(|| server.count("/api/events") == 1).await;
    server.end_stream(401);
    wait_until(|| server.count("/auth/token") == 1).await;
    wait_until(|| server.count("/api/events") == 2).await;
    server.end_stream(401);
    // The stream is retried after a delay, but without another refresh.
    wait_until(|| server.count("/api/events") == 3).await;
    assert_eq!(server.count("/auth/token"), 1);
}

#[wasm_bindgen_test]
async fn a_broken_stream_is_reopened_and_a_returning_user_triggers_a_request() {
    let server = Server::with_expired_tokens();
    let _client = server.client();
    wait_until(|| server.count("/api/events") == 1).await;
    server.send_chunk(READY);
    server.end_stream(200);
    wait_until(|| server.count("/api/events") == 2).await;
    assert_eq!(server.count("/api/me"), 0);
    server.end_stream(404);
    let window = web_sys::window().expect("a window");
    let focus = web_sys::Event::new("focus").expect("an event");
    window.dispatch_event(&focus).expect("dispatched");
    wait_until(|| server.count("/api/events") == 3).await;
    server.end_stream(404);
    // The server considers the token expired: a refresh and a retry.
    wait_until(|| server.count("/api/me") == 2).await;
    assert_eq!(server.count("/auth/token"), 1);
}
