//! Finding out about the provider.

use core::time::Duration;
use std::sync::Arc;

use latchkey_identity::{Check, Provider as _, SignInError};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::flow::{NOW, config, failed, provider, provider_of, request, sign_in, unavailable};
use crate::scripted::{self, DISCOVERY};
use latchkey_testing::Answer;

#[tokio::test]
async fn security_07_a_document_of_another_issuer_is_refused() {
    let hostile = scripted::start().await;
    for issuer in [
        "https://evil.example".to_owned(),
        format!("{}/", hostile.issuer),
    ] {
        hostile.script().metadata["issuer"] = issuer.into();
        assert_eq!(failed(sign_in(&hostile).await), Check::DiscoveredIssuer);
    }
}

#[tokio::test]
async fn an_issuer_with_a_path_is_asked_below_its_path() {
    let hostile = scripted::start().await;
    for (suffix, asked) in [("/tenant", "/tenant"), ("/tenant/", "/tenant")] {
        let issuer = format!("{}{suffix}", hostile.issuer);
        let path = format!("{asked}{DISCOVERY}");
        let mut metadata = hostile.script().metadata.clone();
        metadata["issuer"] = issuer.as_str().into();
        hostile
            .script()
            .instead
            .insert(path.clone().leak(), Answer::json(200, &metadata));
        let provider = provider_of(config(&issuer));
        provider.authorize_url(&request(), NOW).await.expect(&path);
    }
}

#[tokio::test]
async fn a_crowd_shares_one_request() {
    let hostile = scripted::start().await;
    let provider = Arc::new(provider(&hostile));
    let mut crowd = JoinSet::new();
    for _ in 0..50 {
        let provider = provider.clone();
        crowd.spawn(async move { provider.authorize_url(&request(), NOW).await });
    }
    assert!(crowd.join_all().await.iter().all(Result::is_ok));
    assert_eq!(hostile.count(DISCOVERY), 1);
}

#[tokio::test]
async fn a_document_is_asked_for_again_after_an_hour() {
    let hostile = scripted::start().await;
    let provider = provider(&hostile);
    for (minutes, count) in [(0, 1), (59, 1), (60, 2), (61, 2)] {
        let now = NOW.plus(Duration::from_mins(minutes));
        provider
            .authorize_url(&request(), now)
            .await
            .expect("a URL");
        assert_eq!(hostile.count(DISCOVERY), count, "after {minutes} minutes");
    }
}

#[tokio::test]
async fn security_15_a_provider_that_is_down_is_no_trouble_until_used_and_comes_back() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    let provider = provider_of(config(&format!("http://{address}")));
    let reason = unavailable(provider.authorize_url(&request(), NOW).await);
    assert!(
        reason.contains("discovery document") && reason.contains("refused"),
        "{reason}"
    );

    let hostile = scripted::start().await;
    let provider = self::provider(&hostile);
    hostile
        .script()
        .instead
        .insert(DISCOVERY, Answer::bytes(503, "text/html", "<html>down"));
    assert!(unavailable(provider.authorize_url(&request(), NOW).await).contains("503"));
    hostile.script().instead.clear();
    let soon = NOW.plus(Duration::from_secs(2));
    unavailable(provider.authorize_url(&request(), soon).await);
    assert_eq!(hostile.count(DISCOVERY), 1, "not asked again at once");
    let later = NOW.plus(Duration::from_secs(3));
    provider
        .authorize_url(&request(), later)
        .await
        .expect("back again");
}

#[tokio::test]
async fn what_is_missing_in_a_document_is_named() {
    let hostile = scripted::start().await;
    let mut metadata = hostile.script().metadata.clone();
    metadata
        .as_object_mut()
        .expect("an object")
        .remove("jwks_uri");
    hostile.script().metadata = metadata;
    let refused = provider(&hostile).authorize_url(&request(), NOW).await;
    let refused = refused.expect_err("no keys").to_string();
    assert!(refused.contains("has no `jwks_uri`"), "{refused}");
}

#[tokio::test]
async fn security_08_a_provider_with_shared_secrets_only_is_refused() {
    let hostile = scripted::start().await;
    hostile.script().metadata["id_token_signing_alg_values_supported"] = json!(["HS256", "none"]);
    let refused = provider(&hostile).authorize_url(&request(), NOW).await;
    assert!(matches!(
        refused,
        Err(SignInError::Invalid {
            what: Check::NoAlgorithm,
            ..
        })
    ));
}
