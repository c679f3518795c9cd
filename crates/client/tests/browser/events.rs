//! Following the event stream: when it is opened and closed, and what its events lead to.

use latchkey_client::{EndReason, Notice, Progress, SessionState};
use latchkey_types::ErrorCode;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::server::{Server, notices, reaches, store, stored, tokens, until};

const READY: &str = "data: {\"type\":\"ready\"}\n\n";
const ENDED: &str = "data: {\"type\":\"session_ended\",\"code\":\"refresh_replayed\"}\n\n";

fn changes(told: &[Notice]) -> usize {
    let changes = told.iter().filter(|it| **it == Notice::AccountChanged);
    changes.count()
}

#[wasm_bindgen_test]
async fn the_stream_carries_the_token_and_its_events_are_told() {
    let server = Server::with_expired_tokens();
    let client = server.client();
    let told = notices(&client);
    until(|| server.count("/api/events") == 1).await;
    let authorization = ("Authorization", "Bearer access-0".to_owned());
    assert!(server.log.borrow()[0].headers.contains(&authorization));
    server.say(READY);
    assert_eq!(
        changes(&told.borrow()),
        1,
        "what happened before was not heard"
    );
    server.say(": keep-alive\n\ndata: {\"type\":\"account_");
    server.say("changed\"}\n\n");
    assert_eq!(changes(&told.borrow()), 2);
    assert_eq!(server.open_streams(), 1);
    client.sign_out().await;
    assert_eq!(server.open_streams(), 0);
}

#[wasm_bindgen_test]
async fn the_word_that_the_session_ended_is_asked_of_the_server() {
    let server = Server::with_expired_tokens();
    let client = server.client();
    let told = notices(&client);
    until(|| server.count("/api/events") == 1).await;
    server.say(READY);
    let ended = r#"{"error":"invalid_grant","code":"session_ended"}"#;
    *server.refuse.borrow_mut() = Some((400, ended));
    server.say(ENDED);
    reaches(&client, SessionState::SignedOut).await;
    assert_eq!(server.count("/auth/token"), 1);
    assert_eq!(stored(), None);
    // The stream knew more about why than the refresh.
    let reason = EndReason::ByServer(Some(ErrorCode::RefreshReplayed));
    assert!(told.borrow().contains(&Notice::Ended(reason)));
}

#[wasm_bindgen_test]
async fn a_stream_alone_ends_nothing_and_is_opened_anew_after_a_refresh() {
    let server = Server::with_expired_tokens();
    let client = server.client();
    until(|| server.count("/api/events") == 1).await;
    server.say(READY);
    server.say(ENDED);
    until(|| stored().is_some_and(|it| it.access_token == "access-2")).await;
    assert_eq!(client.state(), SessionState::SignedIn);
    until(|| server.count("/api/events") == 2).await;
    assert_eq!(
        server.open_streams(),
        1,
        "the one with the old token is closed"
    );
}

#[wasm_bindgen_test]
async fn the_end_of_a_session_that_this_browser_has_replaced_is_no_news() {
    let server = Server::with_expired_tokens();
    let client = server.client();
    until(|| server.count("/api/events") == 1).await;
    server.say(READY);
    // Another tab has signed in anew; its storage event has yet to come.
    store(&tokens(9));
    server.say(ENDED);
    // The lock is had in turn: whatever that led to is done before this.
    let other = server.client();
    let told = notices(&other);
    other.refresh();
    until(|| {
        told.borrow().iter().any(|notice| {
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
        "the one of the other client"
    );
    assert_eq!(client.state(), SessionState::SignedIn);
}

#[wasm_bindgen_test]
async fn a_stream_that_is_refused_leads_to_one_refresh_and_no_more() {
    let server = Server::with_expired_tokens();
    let _client = server.client();
    until(|| server.count("/api/events") == 1).await;
    server.end_stream(401);
    until(|| server.count("/auth/token") == 1).await;
    until(|| server.count("/api/events") == 2).await;
    server.end_stream(401);
    // It is tried again after a while, but no token is spent on it.
    until(|| server.count("/api/events") == 3).await;
    assert_eq!(server.count("/auth/token"), 1);
}

#[wasm_bindgen_test]
async fn a_stream_that_breaks_is_opened_again_and_whoever_comes_back_asks_at_once() {
    let server = Server::with_expired_tokens();
    let _client = server.client();
    until(|| server.count("/api/events") == 1).await;
    server.say(READY);
    server.end_stream(200);
    until(|| server.count("/api/events") == 2).await;
    assert_eq!(server.count("/api/me"), 0);
    server.end_stream(404);
    let window = web_sys::window().expect("a window");
    let focus = web_sys::Event::new("focus").expect("an event");
    window.dispatch_event(&focus).expect("dispatched");
    until(|| server.count("/api/events") == 3).await;
    server.end_stream(404);
    // With a token that the server takes for expired: a refresh and a retry.
    until(|| server.count("/api/me") == 2).await;
    assert_eq!(server.count("/auth/token"), 1);
}
