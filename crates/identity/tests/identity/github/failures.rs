//! Refusals, outages and odd responses of GitHub.

use core::time::Duration;

use axum::body::Bytes;
use latchkey_identity::{Provider as _, ProviderConfig, SignInError};
use latchkey_testing::{ScriptedGitHub, ScriptedResponse, Stall};
use serde_json::{Value, json};

use super::{config, connect, refused, sign_in};
use crate::flow::{NOW, response, unavailable};

const PATHS: [&str; 3] = [
    ScriptedGitHub::TOKEN,
    ScriptedGitHub::USER,
    ScriptedGitHub::EMAILS,
];

#[tokio::test]
async fn refusals_with_status_200_are_recognized() {
    let server = ScriptedGitHub::start().await;
    for (code, code_may_be_refused, advice) in [
        ("bad_verification_code", true, "already used"),
        ("incorrect_client_credentials", false, "client_secret"),
        ("redirect_uri_mismatch", false, "callback URL"),
        ("unverified_user_email", true, "primary email address"),
        ("application_suspended", false, "suspended"),
        ("canary_code", true, "not documented"),
    ] {
        for status in [200, 400] {
            let body = json!({ "error": code, "error_description": "canary <html>" });
            let refusal = ScriptedResponse::json(status, &body);
            server
                .script()
                .overrides
                .insert(ScriptedGitHub::TOKEN, refusal);
            let (reason, code_refused) = refused(sign_in(&server).await);
            assert!(reason.contains(advice), "{reason}");
            assert_eq!(code_refused, code_may_be_refused, "{code}");
        }
    }
    assert_eq!(server.count(ScriptedGitHub::USER), 0);
}

#[tokio::test]
async fn security_15_odd_responses_of_github_are_errors() {
    let server = ScriptedGitHub::start().await;
    let deep = "[".repeat(100_000);
    let garbage: [&[u8]; 8] = [
        b"",
        b"null",
        b"7",
        b"{",
        b"<html>canary",
        b"\xff\xfe\x00{}",
        b"\"canary\"",
        deep.as_bytes(),
    ];
    for path in PATHS {
        for body in garbage {
            let body = Bytes::copy_from_slice(body);
            let response = ScriptedResponse::bytes(200, "application/json", body);
            server.script().overrides.clear();
            server.script().overrides.insert(path, response);
            unavailable(sign_in(&server).await);
        }
    }
    server.script().overrides.clear();
    for id in [
        json!("583231"),
        json!(-1),
        json!(0),
        json!(1.5),
        Value::Null,
    ] {
        server.script().user["id"] = id.clone();
        let reason = unavailable(sign_in(&server).await);
        assert!(reason.contains("numeric `id`"), "{id}: {reason}");
    }
    server.script().user["id"] = json!(583_231);
    for (name, value) in [
        ("access_token", json!("a b")),
        ("access_token", json!("a\nb")),
        ("token_type", json!("mac")),
    ] {
        let valid = server.script().tokens.clone();
        server.script().tokens[name] = value;
        let outcome = sign_in(&server).await;
        assert!(
            matches!(outcome, Err(SignInError::Invalid { .. })),
            "{outcome:?}"
        );
        server.script().tokens = valid;
    }
    sign_in(&server).await.expect("valid responses work");
}

#[tokio::test]
async fn security_15_outages_of_github_count_as_unavailable() {
    let server = ScriptedGitHub::start().await;
    for path in PATHS {
        for status in [500, 502, 503, 429] {
            let response = ScriptedResponse::json(status, &json!({ "message": "canary" }));
            server.script().overrides.clear();
            server.script().overrides.insert(path, response);
            let reason = unavailable(sign_in(&server).await);
            assert!(reason.contains(&status.to_string()), "{path}: {reason}");
        }
        let redirect = ScriptedResponse {
            status: 302,
            headers: vec![("location", format!("{}/elsewhere", server.url))],
            body: Bytes::new(),
        };
        server.script().overrides.insert(path, redirect);
        let reason = unavailable(sign_in(&server).await);
        assert!(reason.contains("redirect"), "{path}: {reason}");
        let large = json!({ "a": "a".repeat(2_000_000) });
        let large = ScriptedResponse::json(200, &large);
        server.script().overrides.insert(path, large);
        let reason = unavailable(sign_in(&server).await);
        assert!(reason.contains("1 MiB"), "{path}: {reason}");
    }
    assert_eq!(server.count("/elsewhere"), 0);
    let limited = ScriptedResponse {
        headers: vec![("x-ratelimit-remaining", "0".to_owned())],
        ..ScriptedResponse::json(403, &json!({ "message": "canary" }))
    };
    server.script().overrides.clear();
    server
        .script()
        .overrides
        .insert(ScriptedGitHub::USER, limited);
    let reason = unavailable(sign_in(&server).await);
    assert!(reason.contains("rate limit"), "{reason}");
}

#[tokio::test]
async fn missing_permissions_are_named() {
    let server = ScriptedGitHub::start().await;
    for (path, status, advice) in [
        (ScriptedGitHub::USER, 401, "read the profile"),
        (ScriptedGitHub::USER, 403, "read the profile"),
        (ScriptedGitHub::EMAILS, 403, "Email addresses"),
        (ScriptedGitHub::EMAILS, 404, "user:email"),
    ] {
        let response = ScriptedResponse::json(status, &json!({ "message": "canary" }));
        server.script().overrides.clear();
        server.script().overrides.insert(path, response);
        let (reason, code_refused) = refused(sign_in(&server).await);
        assert!(reason.contains(advice) && !code_refused, "{reason}");
    }
}

#[tokio::test]
async fn security_15_sign_in_with_slow_github_times_out() {
    let server = ScriptedGitHub::start().await;
    let silent = Stall::Silence.start().await;
    let provider = connect(ProviderConfig {
        issuer: silent,
        ..config(&server)
    });
    let reason = unavailable(provider.complete(&response(), NOW).await);
    assert!(reason.contains("timed out"), "{reason}");

    server.script().pause = Duration::from_millis(1500);
    let reason = unavailable(sign_in(&server).await);
    assert!(reason.contains("4 seconds"), "{reason}");
}
