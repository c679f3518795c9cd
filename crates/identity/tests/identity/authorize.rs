//! The authorization request.

use std::collections::HashMap;

use latchkey_identity::{
    AuthorizeRequest, Kind, Prompt, Provider as _, ProviderConfig, SignInError, ValidationError,
};
use serde_json::{Value, json};

use crate::flow::{NONCE, NOW, REDIRECT, STATE, VERIFIER, config, provider, provider_of, request};
use crate::keys::b64;
use crate::scripted::{self, DISCOVERY};

#[tokio::test]
async fn security_01_request_has_code_s256_state_nonce_and_the_exact_redirect_uri() {
    let server = scripted::start().await;
    let url = provider(&server)
        .authorize_url(&request(), NOW)
        .await
        .expect("a URL");
    assert!(
        url.as_str()
            .starts_with(&format!("{}/authorize?", server.issuer)),
        "{url}"
    );
    let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    let query: HashMap<&str, &str> = pairs
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    assert_eq!(pairs.len(), query.len(), "no parameter occurs twice");
    let challenge =
        b64(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, VERIFIER.as_bytes()).as_ref());
    let expected = HashMap::from([
        ("tenant", "1"),
        ("response_type", "code"),
        ("client_id", "latchkey"),
        ("redirect_uri", REDIRECT),
        ("scope", "openid email profile"),
        ("state", STATE),
        ("nonce", NONCE),
        ("code_challenge", challenge.as_str()),
        ("code_challenge_method", "S256"),
        ("max_age", "31536000"),
    ]);
    assert_eq!(query, expected);
    assert!(!url.as_str().contains(VERIFIER), "the verifier is not sent");
}

#[tokio::test]
async fn step_up_requests_a_new_login() {
    let server = scripted::start().await;
    let request = AuthorizeRequest {
        prompt: Prompt::Login,
        ..request()
    };
    let url = provider(&server)
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
async fn account_chooser_is_requested_as_configured_or_if_supported() {
    let server = scripted::start().await;
    for (listed, configured, requested) in [
        // A provider that supports only `login` and `consent` refuses any other value.
        (Value::Null, None, false),
        (json!(["login", "consent"]), None, false),
        (json!([]), None, false),
        (json!("select_account"), None, false),
        (json!(["none", "select_account"]), None, true),
        (json!(["none", "select_account"]), Some(false), false),
        (json!(["login"]), Some(true), true),
        (Value::Null, Some(true), true),
    ] {
        server.script().metadata["prompt_values_supported"] = listed.clone();
        let config = ProviderConfig {
            select_account: configured,
            ..config(&server.issuer)
        };
        for (prompt, expected) in [
            (Prompt::SelectAccount, requested.then_some("select_account")),
            (Prompt::Login, Some("login")),
        ] {
            let request = AuthorizeRequest {
                prompt,
                ..request()
            };
            let url = provider_of(config.clone())
                .authorize_url(&request, NOW)
                .await;
            let url = url.expect("a URL");
            let sent = url.query_pairs().find(|(name, _)| name == "prompt");
            let sent = sent.map(|(_, value)| value.into_owned());
            assert_eq!(sent.as_deref(), expected, "{listed} {configured:?}");
        }
    }
}

#[tokio::test]
async fn hosted_domain_is_sent_to_google() {
    let server = scripted::start().await;
    let config = ProviderConfig {
        kind: Kind::Google,
        hosted_domain: Some("example.com".to_owned()),
        ..config(&server.issuer)
    };
    let url = provider_of(config).authorize_url(&request(), NOW).await;
    let query = url.expect("a URL").query().map(str::to_owned);
    let query = query.expect("a query");
    assert!(query.contains("hd=example.com"), "{query}");
    assert!(query.contains("prompt=select_account"), "{query}");
}

#[tokio::test]
async fn verifier_of_the_wrong_length_is_an_error() {
    let server = scripted::start().await;
    for verifier in ["short", &"a".repeat(129)] {
        let request = AuthorizeRequest {
            verifier,
            ..request()
        };
        let refused = provider(&server).authorize_url(&request, NOW).await;
        assert!(matches!(
            refused,
            Err(SignInError::Invalid {
                error: ValidationError::Verifier,
                ..
            })
        ));
    }
}

#[tokio::test]
async fn no_request_is_sent_before_the_first_sign_in() {
    let server = scripted::start().await;
    let provider = provider(&server);
    assert_eq!((provider.id(), provider.label()), ("work", "Example Inc."));
    assert_eq!(server.count(DISCOVERY), 0);
    for _ in 0..3 {
        provider
            .authorize_url(&request(), NOW)
            .await
            .expect("a URL");
    }
    assert_eq!(server.count(DISCOVERY), 1);
    for text in [
        format!("{provider:?}"),
        format!("{:?} {:?}", request(), crate::flow::response()),
    ] {
        assert!(!text.contains("canary"), "{text}");
    }
}
