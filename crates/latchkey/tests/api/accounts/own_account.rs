//! Exporting and deleting the user's own account.

use std::time::Duration;

use futures_util::future::join_all;
use latchkey_axum::services::exports::CONCURRENT_EXPORTS;
use latchkey_axum::use_cases::operator::{Actor, Operator};
use latchkey_core::{Clock as _, Device, EndReason, UserId};
use latchkey_store::EndSession;
use latchkey_testing::{code, header, refusal};
use latchkey_types::{AccountExport, ActivityKind};
use serde_json::json;
use tokio::task::JoinSet;

use crate::app::{FIREFOX, TestApp, claims};
use crate::local_accounts::{self, OTHER_PASSWORD, PASSWORD, sign_in, try_sign_in};

#[tokio::test]
async fn export_contains_what_is_stored_and_no_secret() {
    let app = TestApp::start().await;
    let here = app.sign_in_with(FIREFOX).await;
    app.sign_in_as("grace@example.com").await;
    let response = app.get_as("/api/account/export", &here.access_token).await;
    assert_eq!(response.status(), 200);
    let disposition = header(&response, "content-disposition");
    assert_eq!(disposition, "attachment; filename=\"account.json\"");
    assert_eq!(header(&response, "cache-control"), "no-store");
    let text = response.text().await.expect("text");
    assert!(!text.contains("grace"), "another user: {text}");
    for secret in [&here.access_token, &here.refresh_token] {
        assert!(!text.contains(secret.as_str()));
    }
    let export: AccountExport = serde_json::from_str(&text).expect("an export");
    let sub = claims(&here.access_token)["sub"].clone();
    assert_eq!(json!(export.account.id), sub);
    assert_eq!(
        export.identities[0].email.as_deref(),
        Some("ada@example.com")
    );
    assert_eq!(export.sessions[0].user_agent.as_deref(), Some(FIREFOX));
    assert_eq!(export.sessions[0].address.as_deref(), Some("127.0.0.1"));
    assert_eq!(export.events[0].kind, ActivityKind::SignedIn);

    app.clock.advance(Duration::from_mins(11));
    let later = app.refreshed(&here.refresh_token).await.access_token;
    for request in [
        app.get_as("/api/account/export", &later).await,
        app.delete_as("/api/account", &later).await,
    ] {
        assert_eq!(code(request).await, (401, "step_up_required".into()));
    }
}

#[tokio::test]
async fn exports_beyond_the_limit_wait() {
    let app = TestApp::start().await;
    let here = app.sign_in().await;
    let others = (0..CONCURRENT_EXPORTS).map(|_| UserId::random(&*app.state.rng));
    let running = join_all(others.map(|user| app.state.exports.begin(user))).await;
    assert!(running.iter().all(Result::is_ok));
    let waiting = app.get_as("/api/account/export", &here.access_token);
    tokio::pin!(waiting);
    for _ in 0..20 {
        tokio::select! {
            _ = &mut waiting => panic!("exported beyond the limit"),
            other = app.get_as("/api/me", &here.access_token) => assert_eq!(other.status(), 200),
        }
    }
    drop(running);
    assert_eq!(waiting.await.status(), 200);
}

#[tokio::test]
async fn second_export_of_a_user_is_refused_while_the_first_is_in_progress() {
    let app = TestApp::start().await;
    let here = app.sign_in().await;
    let grace = app.sign_in_as("grace@example.com").await;
    let export = async |token: &str| app.get_as("/api/account/export", token).await;
    let user = claims(&here.access_token)["sub"].clone();
    let user = serde_json::from_value(user).expect("an id");
    let running = app.state.exports.begin(user).await.expect("the first");
    let refused = export(&here.access_token).await;
    assert_eq!(header(&refused, "retry-after"), "2");
    assert_eq!(code(refused).await, (429, "too_many_requests".into()));
    assert_eq!(export(&grace.access_token).await.status(), 200);
    drop(running);
    assert_eq!(export(&here.access_token).await.status(), 200);
}

#[tokio::test]
async fn export_contains_the_local_account_past_sessions_and_audit_records() {
    let app = TestApp::with("[local]").await;
    local_accounts::create(&app, "ada").await;
    let past = sign_in(&app, "ada", PASSWORD).await;
    app.log_out(&past.access_token).await;
    let wrong = try_sign_in(&app, "ada", OTHER_PASSWORD).await;
    assert_eq!(wrong.status(), 401);
    let here = sign_in(&app, "ada", PASSWORD).await;
    let id = claims(&here.access_token)["sub"].clone();
    let id = id.as_str().expect("text").parse().expect("an id");
    let operator = Operator::online(&app.state, Actor::CommandLine);
    let operator = operator.from_device(Device {
        address: Some("192.0.2.99".into()),
        ..Device::default()
    });
    let granted = operator.set_roles(id, vec!["notes:edit".into()]).await;
    granted.expect("granted");
    let banned = operator.ban(id, "a secret reason").await;
    banned.expect("banned");
    operator.unban(id).await.expect("lifted");
    let here = sign_in(&app, "ada", PASSWORD).await;

    let response = app.get_as("/api/account/export", &here.access_token).await;
    let text = response.text().await.expect("text");
    for secret in ["a secret reason", "192.0.2.99", "argon2", "command line"] {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
    let export: AccountExport = serde_json::from_str(&text).expect("an export");
    assert_eq!(export.account.username.as_deref(), Some("ada"));
    assert_eq!(export.account.granted_roles, ["notes:edit"]);
    let ends: Vec<_> = export.sessions.iter().map(|it| it.end_reason).collect();
    assert_eq!(ends.len(), 3);
    for reason in [
        None,
        Some(ActivityKind::Banned),
        Some(ActivityKind::SignedOut),
    ] {
        assert!(ends.contains(&reason), "{ends:?}");
    }
    let mut records: Vec<_> = export
        .audit
        .iter()
        .map(|it| (&*it.kind, it.by_operator))
        .collect();
    records.sort_unstable();
    let expected = [
        ("account_created", true),
        ("banned", true),
        ("roles_changed", true),
        ("sign_in_refused", false),
        ("signed_in", false),
        ("signed_in", false),
        ("signed_in", false),
        ("signed_out", false),
        ("unbanned", true),
    ];
    assert_eq!(records, expected);
    let refused = export.audit.iter().find(|it| it.kind == "sign_in_refused");
    let refused = refused.expect("a record");
    assert_eq!(refused.address.as_deref(), Some("127.0.0.1"));
    assert_eq!(refused.detail.as_deref(), Some("invalid_credentials"));
}

#[tokio::test]
async fn deletion_revokes_all_tokens_and_the_next_sign_in_creates_another_account() {
    let app = TestApp::start().await;
    let (here, there) = (app.sign_in().await, app.sign_in().await);
    let grace = app.sign_in_as("grace@example.com").await;
    let deleted = app.delete_as("/api/account", &here.access_token).await;
    assert_eq!(deleted.status(), 204);
    for session in [&here, &there] {
        assert_eq!(
            app.check(&session.access_token).await,
            Err("token_revoked".into())
        );
        app.refresh_is_refused(&session.refresh_token).await;
    }
    assert_eq!(app.check(&grace.access_token).await, Ok(()));
    let again = app.sign_in().await;
    assert_ne!(
        claims(&again.access_token)["sub"],
        claims(&here.access_token)["sub"]
    );
    assert_eq!(
        app.kinds(&again.access_token).await,
        [ActivityKind::SignedIn]
    );
    assert_eq!(app.sessions(&again.access_token).await.len(), 1);

    // The denial is loaded at the next start.
    let app = app.restarted().await;
    assert_eq!(
        app.check(&here.access_token).await,
        Err("token_revoked".into())
    );
    assert_eq!(app.check(&again.access_token).await, Ok(()));
}

#[tokio::test]
async fn open_page_is_notified_that_its_account_was_deleted() {
    let app = TestApp::start().await;
    let (here, there) = (app.sign_in().await, app.sign_in().await);
    let mut events = app.events(&there.access_token).await;
    app.delete_as("/api/account", &here.access_token).await;
    let event = events.next().await.expect("an event");
    let event = serde_json::to_value(event).expect("JSON");
    assert_eq!(event["type"], "session_ended");
}

/// Whichever comes first, a refresh or the deletion, no token is valid afterwards.
#[tokio::test]
async fn refreshes_during_a_deletion_issue_no_lasting_tokens() {
    let app = TestApp::start().await;
    for round in 0..10 {
        let email = format!("user-{round}@example.com");
        let mut refreshes = JoinSet::new();
        let owner = app.sign_in_as(&email).await;
        for _ in 0..6 {
            let session = app.sign_in_as(&email).await;
            let client = app.caller.clone();
            refreshes.spawn(async move {
                let mut valid = Vec::new();
                let mut token = session.refresh_token;
                loop {
                    let response = client.refresh(&token, None).await;
                    if response.status() != 200 {
                        assert_eq!(refusal(response).await, (400, "invalid_grant".into()));
                        return valid;
                    }
                    let next = latchkey_testing::tokens(response).await;
                    valid.push(next.access_token);
                    token = next.refresh_token;
                }
            });
        }
        let deleted = app.delete_as("/api/account", &owner.access_token).await;
        assert_eq!(deleted.status(), 204);
        for access in refreshes.join_all().await.into_iter().flatten() {
            assert_eq!(app.check(&access).await, Err("token_revoked".into()));
        }
    }
}

/// The store knows that the session has ended, but this server has not read the denial yet.
#[tokio::test]
async fn ended_session_cannot_change_the_account_before_its_denial_arrives() {
    let app = TestApp::start().await;
    let ada = app.sign_in().await;
    let session = claims(&ada.access_token)["sid"].clone();
    let end = EndSession {
        session: serde_json::from_value(session).expect("an id"),
        owner: None,
        reason: EndReason::EndedByOperator,
        device: Device::default(),
        actor: None,
        note: None,
        now: app.clock.now(),
    };
    let ended = app.state.store.end_session(end).await.expect("ended");
    assert!(ended.is_some());
    assert_eq!(app.check(&ada.access_token).await, Ok(()), "not read yet");
    for path in ["/api/identities/0", "/api/account"] {
        let response = app.delete_as(path, &ada.access_token).await;
        let code = code(response).await;
        assert_eq!(code, (401, "token_revoked".into()), "{path}");
    }
    let again = app.sign_in().await;
    let sub = |token: &str| claims(token)["sub"].clone();
    assert_eq!(sub(&again.access_token), sub(&ada.access_token));
}
