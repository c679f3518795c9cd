//! `binding = "required"`: a sign-in without a proof is refused.

use super::world::World;
use latchkey_testing::{code, tokens};

#[tokio::test]
async fn security_57_92_a_required_proof_cannot_be_left_out_at_sign_in() {
    let world = World::start("required").await;
    let (cookie, callback) = world.called_back().await;
    for _ in 0..2 {
        let answer = world.finish(&cookie, &callback, &[]).await;
        assert!(answer.headers().contains_key("dpop-nonce"));
        assert_eq!(code(answer).await, (400, "dpop_proof_required".into()));
    }
    // Nothing was used up: a client that can sends a proof.
    let proof = world.proof().await;
    let signed_in = tokens(world.finish(&cookie, &callback, &[&proof]).await).await;
    assert!(signed_in.bound);
    assert_eq!(signed_in.token_type, "DPoP");
    let next = world.refreshed(&signed_in.refresh_token).await;
    assert_eq!(next.token_type, "DPoP");
}

#[tokio::test]
async fn where_a_proof_is_not_required_a_sign_in_without_one_is_a_plain_one() {
    for binding in ["off", "refresh", "full"] {
        let world = World::start(binding).await;
        let (cookie, callback) = world.called_back().await;
        let signed_in = tokens(world.finish(&cookie, &callback, &[]).await).await;
        assert!(!signed_in.bound);
        assert_eq!(signed_in.token_type, "Bearer");
    }
}
