//! Refreshing: concurrent calls share one refresh, and a retry uses the same idempotency key.

use gloo_storage::{LocalStorage, Storage as _};
use latchkey_client::{
    Call, CallError, Client, EndReason, Notice, Progress, SessionState, TransientError,
};
use latchkey_types::ErrorCode;
use wasm_bindgen_futures::spawn_local;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::server::{Server, notices, store, stored, tokens, wait_until};

fn call_repeatedly(client: &Client, times: usize) -> std::rc::Rc<std::cell::Cell<usize>> {
    let succeeded = std::rc::Rc::new(std::cell::Cell::new(0));
    for _ in 0..times {
        let (client, succeeded) = (client.clone(), succeeded.clone());
        spawn_local(async move {
            let response = client.call(Call::get("/api/protected")).await;
            assert!(
                matches!(&response, Ok(response) if response.status == 200),
                "{response:?}"
            );
            succeeded.set(succeeded.get() + 1);
        });
    }
    succeeded
}

#[wasm_bindgen_test]
async fn thirty_calls_with_an_expired_token_share_one_refresh() {
    let server = Server::with_expired_tokens();
    let client = server.client();
    let succeeded = call_repeatedly(&client, 30);
    wait_until(|| succeeded.get() == 30).await;
    assert_eq!(server.count("/auth/token"), 1);
    assert_eq!(server.count("/api/protected"), 60, "each is retried once");
    assert_eq!(stored(), client.tokens());
    assert_eq!(stored().expect("tokens").access_token, "access-2");
    let pending: Result<serde_json::Value, _> = LocalStorage::get("latchkey.pending");
    assert!(pending.is_err(), "no refresh is in progress");
}

#[wasm_bindgen_test]
async fn two_clients_on_one_storage_share_one_refresh() {
    let server = Server::with_expired_tokens();
    let (one, other) = (server.client(), server.client());
    let succeeded = [call_repeatedly(&one, 10), call_repeatedly(&other, 10)];
    wait_until(|| succeeded.iter().all(|succeeded| succeeded.get() == 10)).await;
    assert_eq!(
        server.count("/auth/token"),
        1,
        "the lock and storage are shared"
    );
}

#[wasm_bindgen_test]
async fn a_lost_response_is_retried_with_the_same_key() {
    let server = Server::with_expired_tokens();
    let client = server.client();
    let notices = notices(&client);
    server.lose_response.set(true);
    client.refresh();
    wait_until(|| {
        notices.borrow().iter().any(|notice| {
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
    let keys = server.idempotency_keys();
    assert_eq!(keys.len(), 2);
    assert_eq!(keys[0], keys[1]);
    assert!(
        notices
            .borrow()
            .contains(&Notice::Outage(Some(TransientError::Unreachable)))
    );
    assert_eq!(
        notices
            .borrow()
            .iter()
            .filter(|n| **n == Notice::Outage(None))
            .count(),
        1
    );
    assert_eq!(client.state(), SessionState::SignedIn);
}

#[wasm_bindgen_test]
async fn a_server_error_keeps_the_tokens_and_an_explicit_refusal_ends_the_session() {
    let server = Server::with_expired_tokens();
    let client = server.client();
    let notices = notices(&client);
    *server.refuse.borrow_mut() = Some((503, "{}"));
    client.refresh();
    wait_until(|| {
        notices
            .borrow()
            .contains(&Notice::Outage(Some(TransientError::ServerError)))
    })
    .await;
    assert_eq!(stored(), Some(tokens(0)));

    let ended = r#"{"error":"invalid_grant","code":"session_ended"}"#;
    *server.refuse.borrow_mut() = Some((400, ended));
    client.refresh();
    wait_until(|| client.state() == SessionState::SignedOut).await;
    assert_eq!(stored(), None);
    let reason = EndReason::ByServer(Some(ErrorCode::SessionEnded));
    assert!(notices.borrow().contains(&Notice::Ended(reason)));
}

#[wasm_bindgen_test]
async fn newer_tokens_of_another_tab_are_used_without_a_refresh() {
    let server = Server::with_expired_tokens();
    let client = server.client();
    store(&tokens(1));
    let response = client.call(Call::get("/api/protected")).await;
    assert!(matches!(response, Ok(response) if response.status == 200));
    assert_eq!(server.count("/auth/token"), 0);
}

#[wasm_bindgen_test]
async fn a_step_up_response_causes_no_refresh() {
    let server = Server::with_expired_tokens();
    let client = server.client();
    let response = client.end_other_sessions().await;
    assert_eq!(response, Err(CallError::StepUpRequired));
    assert_eq!(server.count("/auth/token"), 0);
    assert_eq!(
        server.count("/api/sessions"),
        1,
        "the request is not retried"
    );
    assert_eq!(stored(), Some(tokens(0)));
}
