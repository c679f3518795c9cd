//! The URL that begins a sign-in.

use std::collections::HashMap;

use latchkey_identity::{AuthorizeRequest, Check, Prompt, Provider as _, SignInError};

use crate::flow::{NONCE, NOW, REDIRECT, STATE, VERIFIER, provider, request};
use crate::hostile::{DISCOVERY, Hostile};
use crate::keys::b64;

#[tokio::test]
async fn security_01_start_sends_code_s256_state_nonce_and_the_exact_redirect_uri() {
    let hostile = Hostile::start().await;
    let url = provider(&hostile)
        .authorize_url(&request(), NOW)
        .await
        .expect("a URL");
    assert!(
        url.as_str()
            .starts_with(&format!("{}/authorize?", hostile.issuer)),
        "{url}"
    );
    let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    let query: HashMap<&str, &str> = pairs
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    assert_eq!(pairs.len(), query.len(), "nothing occurs twice");
    let challenge =
        b64(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, VERIFIER.as_bytes()).as_ref());
    let wanted = HashMap::from([
        ("tenant", "1"),
        ("response_type", "code"),
        ("client_id", "latchkey"),
        ("redirect_uri", REDIRECT),
        ("scope", "openid email profile"),
        ("state", STATE),
        ("nonce", NONCE),
        ("code_challenge", challenge.as_str()),
        ("code_challenge_method", "S256"),
        ("prompt", "select_account"),
    ]);
    assert_eq!(query, wanted);
    assert!(!url.as_str().contains(VERIFIER), "the verifier stays here");
}

#[tokio::test]
async fn a_step_up_asks_for_a_new_login() {
    let hostile = Hostile::start().await;
    let request = AuthorizeRequest {
        prompt: Prompt::Login,
        ..request()
    };
    let url = provider(&hostile)
        .authorize_url(&request, NOW)
        .await
        .expect("a URL");
    assert!(
        url.query()
            .is_some_and(|query| query.contains("prompt=login")),
        "{url}"
    );
}

#[tokio::test]
async fn a_verifier_of_the_wrong_length_is_an_error_and_no_panic() {
    let hostile = Hostile::start().await;
    for verifier in ["short", &"a".repeat(129)] {
        let request = AuthorizeRequest {
            verifier,
            ..request()
        };
        let refused = provider(&hostile).authorize_url(&request, NOW).await;
        assert!(matches!(
            refused,
            Err(SignInError::Invalid {
                what: Check::Verifier,
                ..
            })
        ));
    }
}

#[tokio::test]
async fn nothing_is_asked_before_somebody_signs_in() {
    let hostile = Hostile::start().await;
    let provider = provider(&hostile);
    assert_eq!((provider.id(), provider.label()), ("work", "Example Inc."));
    assert_eq!(hostile.count(DISCOVERY), 0);
    for _ in 0..3 {
        provider
            .authorize_url(&request(), NOW)
            .await
            .expect("a URL");
    }
    assert_eq!(hostile.count(DISCOVERY), 1);
    for text in [
        format!("{provider:?}"),
        format!("{:?} {:?}", request(), crate::flow::answer()),
    ] {
        assert!(!text.contains("canary"), "{text}");
    }
}
