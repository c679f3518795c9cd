//! Providers that are slow, endless, or talk nonsense: security 15.

use core::time::Duration;
use std::sync::Arc;

use axum::body::Bytes;
use latchkey_identity::{OidcConfig, SignInError};
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::flow::{NOW, answer, complete, config, provider_of, sign_in, unavailable};
use crate::scripted::{self, DISCOVERY, JWKS, TOKEN, USERINFO};
use latchkey_testing::{Answer, ScriptedProvider, Stall};

/// The request, or if those before it took their time, the step of the sign-in.
const TOO_LATE: &[&str] = &["took too long", "no full answer in"];
/// Some seconds, as the reasons say, and room for a busy machine: those who stall do it for longer.
const BOUND: Duration = Duration::from_secs(25);
const PATHS: [&str; 4] = [DISCOVERY, JWKS, TOKEN, USERINFO];

/// A provider of which one endpoint stalls; what to configure as its issuer.
async fn stalling_at(hostile: &ScriptedProvider, path: &str, stall: Stall) -> String {
    let elsewhere = stall.start().await;
    let name = match path {
        DISCOVERY => return elsewhere,
        JWKS => "jwks_uri",
        TOKEN => "token_endpoint",
        _ => "userinfo_endpoint",
    };
    hostile.script().metadata[name] = format!("{elsewhere}{path}").into();
    hostile.issuer.clone()
}

#[tokio::test]
async fn security_15_wherever_a_provider_hangs_sign_in_fails_within_5_s() {
    for (stall, reasons) in [
        (Stall::Silence, TOO_LATE),
        (Stall::DripHeader, TOO_LATE),
        (Stall::DripBody, TOO_LATE),
        (Stall::Flood, &["1 MiB"]),
    ] {
        let mut attempts = JoinSet::new();
        for path in PATHS {
            attempts.spawn(async move {
                let hostile = scripted::start().await;
                let provider = provider_of(config(&stalling_at(&hostile, path, stall).await));
                let start = Instant::now();
                let said = unavailable(complete(&provider, &answer(), NOW).await);
                let took = start.elapsed();
                assert!(took < BOUND, "{path} {stall:?} took {took:?}");
                let is_known = reasons.iter().any(|reason| said.contains(reason));
                assert!(is_known, "{path} {stall:?}: {said}");
            });
        }
        attempts.join_all().await;
    }
}

#[tokio::test]
async fn security_15_slow_answers_add_up_to_no_more_than_5_s() {
    let hostile = scripted::start().await;
    hostile.script().pause = Duration::from_millis(1500);
    let start = Instant::now();
    let reason = unavailable(sign_in(&hostile).await);
    let took = start.elapsed();
    assert!(took < BOUND, "took {took:?}");
    assert!(reason.contains("4 seconds"), "{reason}");
    assert_eq!(
        hostile.count(USERINFO),
        0,
        "the fourth answer would come after 6 s"
    );
}

#[tokio::test]
async fn a_provider_that_takes_its_time_is_waited_for() {
    let hostile = scripted::start().await;
    // Four answers, together longer than the four seconds above.
    hostile.script().pause = Duration::from_millis(1100);
    let config = OidcConfig {
        timeout: None,
        ..config(&hostile.issuer)
    };
    complete(&provider_of(config), &answer(), NOW)
        .await
        .expect("slow, and working");
}

#[tokio::test]
async fn security_15_a_crowd_that_waits_for_one_slow_answer_fails_together() {
    let hostile = scripted::start().await;
    let issuer = stalling_at(&hostile, JWKS, Stall::Silence).await;
    let provider = Arc::new(provider_of(config(&issuer)));
    let start = Instant::now();
    let mut crowd = JoinSet::new();
    for _ in 0..20 {
        let provider = provider.clone();
        crowd.spawn(async move { unavailable(complete(&provider, &answer(), NOW).await) });
    }
    crowd.join_all().await;
    let took = start.elapsed();
    assert!(took < BOUND, "took {took:?}");
}

#[tokio::test]
async fn security_15_answers_of_5_mb_are_refused() {
    let hostile = scripted::start().await;
    let large = Bytes::from(json!({ "a": "a".repeat(5_000_000) }).to_string());
    for path in PATHS {
        hostile.script().instead.clear();
        hostile
            .script()
            .instead
            .insert(path, Answer::bytes(200, "application/json", large.clone()));
        let reason = unavailable(sign_in(&hostile).await);
        assert!(reason.contains("1 MiB"), "{path}: {reason}");
    }
}

#[tokio::test]
async fn security_15_redirects_are_not_followed() {
    let hostile = scripted::start().await;
    for path in PATHS {
        for status in [301, 302, 303, 307, 308] {
            let location = format!("{}/elsewhere", hostile.issuer);
            let redirect = Answer {
                status,
                headers: vec![("location", location)],
                body: Bytes::new(),
            };
            hostile.script().instead.clear();
            hostile.script().instead.insert(path, redirect);
            let reason = unavailable(sign_in(&hostile).await);
            assert!(reason.contains("redirect"), "{path}: {reason}");
        }
    }
    assert_eq!(hostile.count("/elsewhere"), 0);
}

#[tokio::test]
async fn security_15_garbage_is_an_error_and_nothing_worse() {
    let hostile = scripted::start().await;
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
                let plain = Answer::bytes(200, media_type, Bytes::copy_from_slice(body));
                hostile.script().instead.clear();
                hostile.script().instead.insert(path, plain);
                let outcome = sign_in(&hostile).await;
                let failed = matches!(
                    outcome,
                    Err(SignInError::Unavailable { .. } | SignInError::Invalid { .. })
                );
                assert!(failed, "{path} {body:?}: {outcome:?}");
            }
        }
    }
    hostile.script().instead.clear();
    sign_in(&hostile)
        .await
        .expect("everything else is unaffected");
}

#[tokio::test]
async fn security_15_server_errors_are_unavailable_wherever_they_are() {
    let hostile = scripted::start().await;
    for path in PATHS {
        for status in [500, 502, 503, 429] {
            let plain = Answer::json(status, &json!({ "error": "invalid_grant" }));
            hostile.script().instead.clear();
            hostile.script().instead.insert(path, plain);
            let reason = unavailable(sign_in(&hostile).await);
            assert!(reason.contains(&status.to_string()), "{path}: {reason}");
        }
    }
}
