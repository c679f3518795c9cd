//! Sessions whose refresh token is bound to a key.

use std::time::Duration;

use super::world::World;
use crate::app::{Prover, claims};
use latchkey_testing::{code, refusal, tokens};

#[tokio::test]
async fn a_proof_at_sign_in_binds_the_session_and_leaves_access_tokens_plain() {
    let world = World::start("refresh").await;
    let first = world.sign_in().await;
    assert!(first.bound);
    assert_eq!(first.token_type, "Bearer");
    assert!(claims(&first.access_token).get("cnf").is_none());
    assert_eq!(world.app.check(&first.access_token).await, Ok(()));
    let second = world.refreshed(&first.refresh_token).await;
    assert!(second.bound);
    assert_ne!(first.refresh_token, second.refresh_token);
    world.refreshed(&second.refresh_token).await;
}

#[tokio::test]
async fn binding_is_refresh_by_default_and_nobody_must_have_a_key() {
    let mut world = World::start("off").await;
    world.app = crate::app::TestApp::start().await;
    assert!(world.sign_in().await.bound);
    let plain = world.app.sign_in().await;
    assert!(!plain.bound);
    let next = world.app.refreshed(&plain.refresh_token).await;
    assert!(!next.bound);
    // A proof at a later refresh is checked, and binds nothing.
    let next = world.refreshed(&next.refresh_token).await;
    assert!(!next.bound);
    world.app.refreshed(&next.refresh_token).await;
}

#[tokio::test]
async fn security_57_a_bound_refresh_token_is_worth_nothing_without_its_key() {
    let world = World::start("refresh").await;
    let first = world.sign_in().await;
    let thief = Prover::new();
    let stolen = &*first.refresh_token;
    for _ in 0..2 {
        let proofs = [None, Some(world.proof_of(&thief).await)];
        for proof in proofs {
            let answer = world.refresh(stolen, proof.as_deref().as_slice()).await;
            let body: serde_json::Value = answer.json().await.expect("JSON");
            assert_eq!(body["error"], "invalid_dpop_proof");
            assert_eq!(body["code"], "key_mismatch");
            assert!(body.get("refresh_token").is_none() && body.get("access_token").is_none());
        }
        world.app.clock.advance(Duration::from_secs(11));
    }
    // The session lives, and the honest client goes on as if nothing had been.
    assert_eq!(world.app.check(&first.access_token).await, Ok(()));
    let second = world.refreshed(stolen).await;
    assert!(second.bound);
    // Nor is a used token a replay in hands without the key: a thief cannot end the session.
    world.app.clock.advance(Duration::from_secs(11));
    let answer = world.refresh(stolen, &[]).await;
    assert_eq!(code(answer).await, (400, "key_mismatch".into()));
    assert_eq!(world.app.check(&second.access_token).await, Ok(()));
    world.refreshed(&second.refresh_token).await;
}

#[tokio::test]
async fn security_47_57_a_used_refresh_token_with_its_key_ends_the_session() {
    let world = World::start("refresh").await;
    let first = world.sign_in().await;
    let second = world.refreshed(&first.refresh_token).await;
    world.app.clock.advance(Duration::from_secs(11));
    let proof = world.proof().await;
    let replay = world.refresh(&first.refresh_token, &[&proof]).await;
    assert_eq!(code(replay).await, (400, "refresh_replayed".into()));
    let proof = world.proof().await;
    let answer = world.refresh(&second.refresh_token, &[&proof]).await;
    assert_eq!(code(answer).await, (400, "session_ended".into()));
    assert_eq!(
        world.app.check(&second.access_token).await,
        Err("token_revoked".into())
    );
}

#[tokio::test]
async fn security_57_60_a_lost_reply_is_given_again_to_the_key_with_a_fresh_proof() {
    let world = World::start("refresh").await;
    let first = world.sign_in().await;
    let token = &*first.refresh_token;
    let proof = world.proof().await;
    let lost = tokens(world.refresh_again(token, &proof, "key-1").await).await;
    world.app.clock.advance(Duration::from_hours(1));

    // Not to the same proof, not to another key, not to nobody.
    let answer = world.refresh_again(token, &proof, "key-1").await;
    assert_eq!(refusal(answer).await, (400, "use_dpop_nonce".into()));
    let thief = world.proof_of(&Prover::new()).await;
    let answer = world.refresh_again(token, &thief, "key-1").await;
    assert_eq!(code(answer).await, (400, "key_mismatch".into()));
    let answer = world.app.refresh(token, Some("key-1")).await;
    assert_eq!(code(answer).await, (400, "key_mismatch".into()));

    let proof = world.proof().await;
    let again = tokens(world.refresh_again(token, &proof, "key-1").await).await;
    assert_eq!(lost.refresh_token, again.refresh_token);
    assert_ne!(lost.access_token, again.access_token);
    assert!(again.bound);
    let answer = world.refresh_again(token, &proof, "key-1").await;
    assert_eq!(refusal(answer).await, (400, "invalid_dpop_proof".into()));
    world.refreshed(&again.refresh_token).await;
}

#[tokio::test]
async fn another_tab_with_the_key_is_told_that_it_came_second() {
    let world = World::start("refresh").await;
    let first = world.sign_in().await;
    let second = world.refreshed(&first.refresh_token).await;
    let proof = world.proof().await;
    let late = world.refresh(&first.refresh_token, &[&proof]).await;
    assert_eq!(code(late).await, (409, "superseded".into()));
    world.refreshed(&second.refresh_token).await;
}

#[tokio::test]
async fn security_57_a_session_stays_bound_over_a_restart() {
    let mut world = World::start("refresh").await;
    let first = world.sign_in().await;
    world.app = world.app.restarted().await;
    let answer = world.app.refresh(&first.refresh_token, None).await;
    assert_eq!(code(answer).await, (400, "key_mismatch".into()));
    assert!(world.refreshed(&first.refresh_token).await.bound);
}

#[tokio::test]
async fn who_holds_a_bound_refresh_token_may_revoke_it() {
    let world = World::start("refresh").await;
    let first = world.sign_in().await;
    world.app.revoke(&first.refresh_token).await;
    let proof = world.proof().await;
    let answer = world.refresh(&first.refresh_token, &[&proof]).await;
    assert_eq!(code(answer).await, (400, "session_ended".into()));
}
