//! The discovery document.

use core::time::Duration;
use std::sync::Arc;

use latchkey_identity::{Provider as _, SignInError, ValidationError};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::flow::{
    NOW, config, provider, provider_of, request, sign_in, unavailable, validation_error,
};
use crate::scripted::{self, DISCOVERY};
use latchkey_testing::ScriptedResponse;

#[tokio::test]
async fn security_07_document_of_another_issuer_is_refused() {
    let server = scripted::start().await;
    for issuer in [
        "https://evil.example".to_owned(),
        format!("{}/", server.issuer),
    ] {
        server.script().metadata["issuer"] = issuer.into();
        assert_eq!(
            validation_error(sign_in(&server).await),
            ValidationError::DiscoveredIssuer
        );
    }
}

#[tokio::test]
async fn document_is_fetched_below_the_path_of_the_issuer() {
    let server = scripted::start().await;
    for (suffix, expected) in [("/tenant", "/tenant"), ("/tenant/", "/tenant")] {
        let issuer = format!("{}{suffix}", server.issuer);
        let path = format!("{expected}{DISCOVERY}");
        let mut metadata = server.script().metadata.clone();
        metadata["issuer"] = issuer.as_str().into();
        server
            .script()
            .overrides
            .insert(path.clone().leak(), ScriptedResponse::json(200, &metadata));
        let provider = provider_of(config(&issuer));
        provider.authorize_url(&request(), NOW).await.expect(&path);
    }
}

#[tokio::test]
async fn concurrent_sign_ins_share_one_request() {
    let server = scripted::start().await;
    let provider = Arc::new(provider(&server));
    let mut tasks = JoinSet::new();
    for _ in 0..50 {
        let provider = provider.clone();
        tasks.spawn(async move { provider.authorize_url(&request(), NOW).await });
    }
    assert!(tasks.join_all().await.iter().all(Result::is_ok));
    assert_eq!(server.count(DISCOVERY), 1);
}

#[tokio::test]
async fn document_is_fetched_again_after_an_hour() {
    let server = scripted::start().await;
    let provider = provider(&server);
    for (minutes, count) in [(0, 1), (59, 1), (60, 2), (61, 2)] {
        let now = NOW.plus(Duration::from_mins(minutes));
        provider
            .authorize_url(&request(), now)
            .await
            .expect("a URL");
        assert_eq!(server.count(DISCOVERY), count, "after {minutes} minutes");
    }
}

#[tokio::test]
async fn security_15_provider_that_is_down_fails_only_its_sign_ins_and_recovers() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    let provider = provider_of(config(&format!("http://{address}")));
    let reason = unavailable(provider.authorize_url(&request(), NOW).await);
    assert!(
        reason.contains("discovery endpoint") && reason.contains("refused"),
        "{reason}"
    );

    let server = scripted::start().await;
    let provider = self::provider(&server);
    server.script().overrides.insert(
        DISCOVERY,
        ScriptedResponse::bytes(503, "text/html", "<html>down"),
    );
    assert!(unavailable(provider.authorize_url(&request(), NOW).await).contains("503"));
    server.script().overrides.clear();
    let soon = NOW.plus(Duration::from_secs(2));
    unavailable(provider.authorize_url(&request(), soon).await);
    assert_eq!(server.count(DISCOVERY), 1, "the failure is cached");
    let later = NOW.plus(Duration::from_secs(3));
    provider
        .authorize_url(&request(), later)
        .await
        .expect("available again");
}

#[tokio::test]
async fn missing_member_is_named() {
    let server = scripted::start().await;
    let mut metadata = server.script().metadata.clone();
    metadata
        .as_object_mut()
        .expect("an object")
        .remove("jwks_uri");
    server.script().metadata = metadata;
    let refused = provider(&server).authorize_url(&request(), NOW).await;
    let refused = refused.expect_err("no keys").to_string();
    assert!(refused.contains("has no `jwks_uri`"), "{refused}");
}

#[tokio::test]
async fn security_08_provider_without_asymmetric_algorithms_is_refused() {
    let server = scripted::start().await;
    server.script().metadata["id_token_signing_alg_values_supported"] = json!(["HS256", "none"]);
    let refused = provider(&server).authorize_url(&request(), NOW).await;
    assert!(matches!(
        refused,
        Err(SignInError::Invalid {
            error: ValidationError::NoAlgorithm,
            ..
        })
    ));
}
