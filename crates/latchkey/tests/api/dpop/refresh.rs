//! Sessions with a refresh token that is bound to a key.

use std::time::Duration;

use super::client::DpopClient;
use crate::app::{Prover, claims};
use latchkey_testing::{code, refusal, tokens};

#[tokio::test]
async fn a_proof_at_sign_in_binds_the_refresh_token_but_not_access_tokens() {
    let client = DpopClient::start("refresh").await;
    let first = client.sign_in().await;
    assert!(first.bound);
    assert_eq!(first.token_type, "Bearer");
    assert!(claims(&first.access_token).get("cnf").is_none());
    assert_eq!(client.app.check(&first.access_token).await, Ok(()));
    let second = client.refreshed(&first.refresh_token).await;
    assert!(second.bound);
    assert_ne!(first.refresh_token, second.refresh_token);
    client.refreshed(&second.refresh_token).await;
}

#[tokio::test]
async fn binding_defaults_to_refresh_and_is_optional() {
    let mut client = DpopClient::start("off").await;
    client.app = crate::app::TestApp::start().await;
    assert!(client.sign_in().await.bound);
    let plain = client.app.sign_in().await;
    assert!(!plain.bound);
    let next = client.app.refreshed(&plain.refresh_token).await;
    assert!(!next.bound);
    // A proof at a later refresh is verified but does not bind the session.
    let next = client.refreshed(&next.refresh_token).await;
    assert!(!next.bound);
    client.app.refreshed(&next.refresh_token).await;
}

#[tokio::test]
async fn security_57_a_bound_refresh_token_is_worth_nothing_without_its_key() {
    let client = DpopClient::start("refresh").await;
    let first = client.sign_in().await;
    let thief = Prover::new();
    let stolen = &*first.refresh_token;
    for _ in 0..2 {
        let proofs = [None, Some(client.proof_of(&thief).await)];
        for proof in proofs {
            let response = client.refresh(stolen, proof.as_deref().as_slice()).await;
            let body: serde_json::Value = response.json().await.expect("JSON");
            assert_eq!(body["error"], "invalid_dpop_proof");
            assert_eq!(body["code"], "key_mismatch");
            assert!(body.get("refresh_token").is_none() && body.get("access_token").is_none());
        }
        client.app.clock.advance(Duration::from_secs(11));
    }
    // The session stays live and the legitimate client can refresh.
    assert_eq!(client.app.check(&first.access_token).await, Ok(()));
    let second = client.refreshed(stolen).await;
    assert!(second.bound);
    // A used token without its key does not count as a replay: a thief cannot end the session.
    client.app.clock.advance(Duration::from_secs(11));
    let response = client.refresh(stolen, &[]).await;
    assert_eq!(code(response).await, (400, "key_mismatch".into()));
    assert_eq!(client.app.check(&second.access_token).await, Ok(()));
    client.refreshed(&second.refresh_token).await;
}

#[tokio::test]
async fn security_47_57_a_used_refresh_token_with_its_key_ends_the_session() {
    let client = DpopClient::start("refresh").await;
    let first = client.sign_in().await;
    let second = client.refreshed(&first.refresh_token).await;
    client.app.clock.advance(Duration::from_secs(11));
    let proof = client.proof().await;
    let replay = client.refresh(&first.refresh_token, &[&proof]).await;
    assert_eq!(code(replay).await, (400, "refresh_replayed".into()));
    let proof = client.proof().await;
    let response = client.refresh(&second.refresh_token, &[&proof]).await;
    assert_eq!(code(response).await, (400, "session_ended".into()));
    assert_eq!(
        client.app.check(&second.access_token).await,
        Err("token_revoked".into())
    );
}

#[tokio::test]
async fn security_57_60_a_retry_with_a_new_proof_gets_the_same_successor() {
    let client = DpopClient::start("refresh").await;
    let first = client.sign_in().await;
    let token = &*first.refresh_token;
    let proof = client.proof().await;
    let lost = tokens(client.refresh_with_key(token, &proof, "key-1").await).await;
    client.app.clock.advance(Duration::from_hours(1));

    // Refused with the same proof, with another key, and without a proof.
    let response = client.refresh_with_key(token, &proof, "key-1").await;
    assert_eq!(refusal(response).await, (400, "use_dpop_nonce".into()));
    let thief = client.proof_of(&Prover::new()).await;
    let response = client.refresh_with_key(token, &thief, "key-1").await;
    assert_eq!(code(response).await, (400, "key_mismatch".into()));
    let response = client.app.refresh(token, Some("key-1")).await;
    assert_eq!(code(response).await, (400, "key_mismatch".into()));

    let proof = client.proof().await;
    let again = tokens(client.refresh_with_key(token, &proof, "key-1").await).await;
    assert_eq!(lost.refresh_token, again.refresh_token);
    assert_ne!(lost.access_token, again.access_token);
    assert!(again.bound);
    let response = client.refresh_with_key(token, &proof, "key-1").await;
    assert_eq!(refusal(response).await, (400, "invalid_dpop_proof".into()));
    client.refreshed(&again.refresh_token).await;
}

#[tokio::test]
async fn a_second_refresh_with_the_key_within_the_leeway_is_superseded() {
    let client = DpopClient::start("refresh").await;
    let first = client.sign_in().await;
    let second = client.refreshed(&first.refresh_token).await;
    let proof = client.proof().await;
    let late = client.refresh(&first.refresh_token, &[&proof]).await;
    assert_eq!(code(late).await, (409, "superseded".into()));
    client.refreshed(&second.refresh_token).await;
}

#[tokio::test]
async fn security_57_a_session_stays_bound_after_a_restart() {
    let mut client = DpopClient::start("refresh").await;
    let first = client.sign_in().await;
    client.app = client.app.restarted().await;
    let response = client.app.refresh(&first.refresh_token, None).await;
    assert_eq!(code(response).await, (400, "key_mismatch".into()));
    assert!(client.refreshed(&first.refresh_token).await.bound);
}

#[tokio::test]
async fn a_bound_refresh_token_can_be_revoked_without_its_key() {
    let client = DpopClient::start("refresh").await;
    let first = client.sign_in().await;
    client.app.revoke(&first.refresh_token).await;
    let proof = client.proof().await;
    let response = client.refresh(&first.refresh_token, &[&proof]).await;
    assert_eq!(code(response).await, (400, "session_ended".into()));
}
