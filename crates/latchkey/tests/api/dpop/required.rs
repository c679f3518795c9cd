//! `binding = "required"`: a sign-in without a proof is refused.

use super::client::DpopClient;
use latchkey_testing::{code, tokens};

#[tokio::test]
async fn security_57_92_a_sign_in_without_the_required_proof_is_refused() {
    let client = DpopClient::start("required").await;
    let (cookie, callback) = client.called_back().await;
    for _ in 0..2 {
        let response = client.finish(&cookie, &callback, &[]).await;
        assert!(response.headers().contains_key("dpop-nonce"));
        assert_eq!(code(response).await, (400, "dpop_proof_required".into()));
    }
    // The sign-in was not consumed: it can be finished with a proof.
    let proof = client.proof().await;
    let signed_in = tokens(client.finish(&cookie, &callback, &[&proof]).await).await;
    assert!(signed_in.bound);
    assert_eq!(signed_in.token_type, "DPoP");
    let next = client.refreshed(&signed_in.refresh_token).await;
    assert_eq!(next.token_type, "DPoP");
}

#[tokio::test]
async fn without_required_binding_a_sign_in_without_a_proof_is_unbound() {
    for binding in ["off", "refresh", "full"] {
        let client = DpopClient::start(binding).await;
        let (cookie, callback) = client.called_back().await;
        let signed_in = tokens(client.finish(&cookie, &callback, &[]).await).await;
        assert!(!signed_in.bound);
        assert_eq!(signed_in.token_type, "Bearer");
    }
}
