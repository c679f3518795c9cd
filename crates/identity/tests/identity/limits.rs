//! Providers that are slow, or send endless or invalid responses: security 15.

use core::time::Duration;
use std::sync::Arc;

use axum::body::Bytes;
use latchkey_identity::{ProviderConfig, SignInError};
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::flow::{NOW, complete, config, provider_of, response, sign_in, unavailable};
use crate::scripted::{self, DISCOVERY, JWKS, TOKEN, USERINFO};
use latchkey_testing::{ScriptedProvider, ScriptedResponse, Stall};

/// The error messages for a request that timed out, and for a sign-in whose requests together took
/// too long.
const TIMED_OUT: &[&str] = &["timed out", "no complete response within"];
/// The maximum duration of a test's sign-in: its timeout of four seconds, and a large margin for a
/// loaded machine. Without the timeout, a stalled sign-in would never end.
const BOUND: Duration = Duration::from_secs(25);
const PATHS: [&str; 4] = [DISCOVERY, JWKS, TOKEN, USERINFO];

/// Makes one endpoint of a provider stall, and returns the issuer to configure.
async fn stalling_at(server: &ScriptedProvider, path: &str, stall: Stall) -> String {
    let stalling = stall.start().await;
    let name = match path {
        DISCOVERY => return stalling,
        JWKS => "jwks_uri",
        TOKEN => "token_endpoint",
        _ => "userinfo_endpoint",
    };
    server.script().metadata[name] = format!("{stalling}{path}").into();
    server.issuer.clone()
}

#[tokio::test]
async fn security_15_stalled_request_fails_the_sign_in_after_its_timeout() {
    for (stall, reasons) in [
        (Stall::Silence, TIMED_OUT),
        (Stall::DripHeader, TIMED_OUT),
        (Stall::DripBody, TIMED_OUT),
        (Stall::Flood, &["1 MiB"]),
    ] {
        let mut attempts = JoinSet::new();
        for path in PATHS {
            attempts.spawn(async move {
                let server = scripted::start().await;
                let provider = provider_of(config(&stalling_at(&server, path, stall).await));
                let start = Instant::now();
                let reason = unavailable(complete(&provider, &response(), NOW).await);
                let took = start.elapsed();
                assert!(took < BOUND, "{path} {stall:?} took {took:?}");
                let is_known = reasons.iter().any(|known| reason.contains(known));
                assert!(is_known, "{path} {stall:?}: {reason}");
            });
        }
        attempts.join_all().await;
    }
}

#[tokio::test]
async fn security_15_the_timeout_covers_all_requests_of_a_sign_in_together() {
    let server = scripted::start().await;
    server.script().pause = Duration::from_millis(1500);
    let start = Instant::now();
    let reason = unavailable(sign_in(&server).await);
    let took = start.elapsed();
    assert!(took < BOUND, "took {took:?}");
    assert!(reason.contains("4 seconds"), "{reason}");
    assert_eq!(
        server.count(USERINFO),
        0,
        "the fourth response would arrive after 6 s"
    );
}

#[tokio::test]
async fn slow_provider_within_the_timeout_works() {
    let server = scripted::start().await;
    // The four responses together take longer than the four-second timeout of the other tests.
    server.script().pause = Duration::from_millis(1100);
    let config = ProviderConfig {
        timeout: None,
        ..config(&server.issuer)
    };
    complete(&provider_of(config), &response(), NOW)
        .await
        .expect("a profile");
}

#[tokio::test]
async fn security_15_concurrent_sign_ins_fail_together_if_one_request_stalls() {
    let server = scripted::start().await;
    let issuer = stalling_at(&server, JWKS, Stall::Silence).await;
    let provider = Arc::new(provider_of(config(&issuer)));
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for _ in 0..20 {
        let provider = provider.clone();
        tasks.spawn(async move { unavailable(complete(&provider, &response(), NOW).await) });
    }
    tasks.join_all().await;
    let took = start.elapsed();
    assert!(took < BOUND, "took {took:?}");
}

#[tokio::test]
async fn security_15_response_of_5_mb_is_refused() {
    let server = scripted::start().await;
    let large = Bytes::from(json!({ "a": "a".repeat(5_000_000) }).to_string());
    for path in PATHS {
        server.script().overrides.clear();
        server.script().overrides.insert(
            path,
            ScriptedResponse::bytes(200, "application/json", large.clone()),
        );
        let reason = unavailable(sign_in(&server).await);
        assert!(reason.contains("1 MiB"), "{path}: {reason}");
    }
}

#[tokio::test]
async fn security_15_redirects_are_not_followed() {
    let server = scripted::start().await;
    for path in PATHS {
        for status in [301, 302, 303, 307, 308] {
            let location = format!("{}/stalling", server.issuer);
            let redirect = ScriptedResponse {
                status,
                headers: vec![("location", location)],
                body: Bytes::new(),
            };
            server.script().overrides.clear();
            server.script().overrides.insert(path, redirect);
            let reason = unavailable(sign_in(&server).await);
            assert!(reason.contains("redirect"), "{path}: {reason}");
        }
    }
    assert_eq!(server.count("/stalling"), 0);
}

#[tokio::test]
async fn security_15_invalid_response_is_an_error() {
    let server = scripted::start().await;
    let deep = "[".repeat(100_000);
    let garbage: [&[u8]; 9] = [
        b"",
        b"null",
        b"[]",
        b"7",
        b"{",
        b"{}",
        b"<html>canary",
        b"\xff\xfe\x00{}",
        deep.as_bytes(),
    ];
    for path in PATHS {
        for body in garbage {
            for media_type in ["application/json", "text/html"] {
                let response =
                    ScriptedResponse::bytes(200, media_type, Bytes::copy_from_slice(body));
                server.script().overrides.clear();
                server.script().overrides.insert(path, response);
                let outcome = sign_in(&server).await;
                let failed = matches!(
                    outcome,
                    Err(SignInError::Unavailable { .. } | SignInError::Invalid { .. })
                );
                assert!(failed, "{path} {body:?}: {outcome:?}");
            }
        }
    }
    server.script().overrides.clear();
    sign_in(&server).await.expect("valid responses work");
}

#[tokio::test]
async fn security_15_server_errors_count_as_unavailable() {
    let server = scripted::start().await;
    for path in PATHS {
        for status in [500, 502, 503, 429] {
            let response = ScriptedResponse::json(status, &json!({ "error": "invalid_grant" }));
            server.script().overrides.clear();
            server.script().overrides.insert(path, response);
            let reason = unavailable(sign_in(&server).await);
            assert!(reason.contains(&status.to_string()), "{path}: {reason}");
        }
    }
}
