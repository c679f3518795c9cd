//! Signing out: immediately in this browser, eventually on the server.

use gloo_storage::{LocalStorage, Storage as _};
use latchkey_client::{Call, CallError, EndReason, Notice, SessionState};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::server::{Server, notices, stored, wait_for_state, wait_until};

#[wasm_bindgen_test]
async fn signing_out_empties_storage_and_ends_the_session_on_the_server() {
    let server = Server::with_expired_tokens();
    let client = server.client();
    assert!(client.sign_out().await);
    assert_eq!(LocalStorage::length(), 0);
    assert_eq!(client.state(), SessionState::SignedOut);
    assert_eq!(server.count("/auth/logout"), 1);
    let call = client.call(Call::get("/api/protected")).await;
    assert_eq!(call, Err(CallError::SignedOut));
}

#[wasm_bindgen_test]
async fn signing_out_while_the_server_is_down_empties_storage_and_revokes_later() {
    let server = Server::with_expired_tokens();
    let client = server.client();
    server.down.set(true);
    assert!(
        !client.sign_out().await,
        "the server cannot have confirmed it"
    );
    assert_eq!(LocalStorage::length(), 0);
    assert_eq!(client.state(), SessionState::SignedOut);
    wait_until(|| server.count("/auth/revoke") >= 1).await;
    server.down.set(false);
    let before = server.count("/auth/revoke");
    wait_until(|| server.count("/auth/revoke") > before).await;
}

#[wasm_bindgen_test]
async fn signing_out_during_a_refresh_leaves_no_tokens() {
    let server = Server::with_expired_tokens();
    let client = server.client();
    client.refresh();
    wait_until(|| server.count("/auth/token") == 1).await;
    client.sign_out().await;
    wait_until(|| server.count("/auth/logout") == 1).await;
    assert_eq!(stored(), None);
    assert_eq!(LocalStorage::length(), 0);
}

#[wasm_bindgen_test]
async fn clearing_storage_in_another_tab_signs_out_this_tab() {
    let server = Server::with_expired_tokens();
    let client = server.client();
    wait_for_state(&client, SessionState::SignedIn).await;
    let notices = notices(&client);
    // The event of `localStorage.clear()` in another tab has no key.
    LocalStorage::clear();
    let event = web_sys::StorageEvent::new("storage").expect("an event");
    let window = web_sys::window().expect("a window");
    window.dispatch_event(&event).expect("dispatched");
    assert_eq!(client.state(), SessionState::SignedOut);
    assert!(
        notices
            .borrow()
            .contains(&Notice::Ended(EndReason::Elsewhere))
    );
}
