//! The refresh grant.

use std::time::Duration;

use serde_json::json;
use tokio::task::JoinSet;

use crate::app::{TestApp, claims};
use latchkey_testing::{code, refusal, tokens};

const DAY: Duration = Duration::from_hours(24);

#[tokio::test]
async fn security_44_every_refresh_rotates_the_token() {
    let app = TestApp::start().await;
    let first = app.sign_in().await;
    let second = app.refreshed(&first.refresh_token).await;
    let third = app.refreshed(&second.refresh_token).await;
    assert_ne!(first.refresh_token, second.refresh_token);
    assert_ne!(second.refresh_token, third.refresh_token);
    assert_eq!(app.check(&third.access_token).await, Ok(()));
}

#[tokio::test]
async fn security_47_a_used_refresh_token_ends_the_session() {
    let app = TestApp::start().await;
    let first = app.sign_in().await;
    let second = app.refreshed(&first.refresh_token).await;
    app.clock.advance(Duration::from_secs(11));
    let replay = app.refresh(&first.refresh_token, None).await;
    assert_eq!(code(replay).await, (400, "refresh_replayed".into()));
    app.refresh_is_refused(&second.refresh_token).await;
    for access in [&first.access_token, &second.access_token] {
        assert_eq!(app.check(access).await, Err("token_revoked".into()));
    }
}

#[tokio::test]
async fn security_47_a_used_refresh_token_with_another_key_ends_the_session() {
    let app = TestApp::start().await;
    let first = app.sign_in().await;
    let second = tokens(app.refresh(&first.refresh_token, Some("owner")).await).await;
    app.clock.advance(Duration::from_secs(11));
    let replay = app.refresh(&first.refresh_token, Some("thief")).await;
    assert_eq!(code(replay).await, (400, "refresh_replayed".into()));
    app.refresh_is_refused(&second.refresh_token).await;
}

#[tokio::test]
async fn a_retry_with_the_same_idempotency_key_gets_the_same_successor() {
    let app = TestApp::start().await;
    let first = app.sign_in().await;
    let lost = tokens(app.refresh(&first.refresh_token, Some("key-1")).await).await;
    // The retry may come much later.
    app.clock.advance(Duration::from_hours(1));
    let again = tokens(app.refresh(&first.refresh_token, Some("key-1")).await).await;
    assert_eq!(lost.refresh_token, again.refresh_token);
    assert_ne!(lost.access_token, again.access_token);
    app.refreshed(&again.refresh_token).await;
}

#[tokio::test]
async fn a_second_refresh_within_the_leeway_is_superseded_and_the_session_stays_live() {
    let app = TestApp::start().await;
    let first = app.sign_in().await;
    let second = app.refreshed(&first.refresh_token).await;
    let late = app.refresh(&first.refresh_token, None).await;
    assert_eq!(code(late).await, (409, "superseded".into()));
    assert_eq!(app.check(&second.access_token).await, Ok(()));
    app.refreshed(&second.refresh_token).await;
}

#[tokio::test]
async fn security_48_reuse_is_detected_after_a_restart() {
    let app = TestApp::start().await;
    let first = app.sign_in().await;
    let second = app.refreshed(&first.refresh_token).await;
    let app = app.restarted().await;
    app.clock.advance(Duration::from_secs(11));
    let replay = app.refresh(&first.refresh_token, None).await;
    assert_eq!(code(replay).await, (400, "refresh_replayed".into()));
    app.refresh_is_refused(&second.refresh_token).await;
}

#[tokio::test]
async fn security_49_a_hundred_concurrent_refreshes_with_one_key_get_the_same_successor() {
    let responses = concurrent_refreshes(Some("key-1")).await;
    let successors: Vec<_> = responses
        .into_iter()
        .map(|response| response.expect("every refresh gets tokens"))
        .collect();
    assert_eq!(successors.len(), 100);
    assert!(successors.iter().all(|token| *token == successors[0]));
}

#[tokio::test]
async fn security_49_of_a_hundred_concurrent_refreshes_without_a_key_one_gets_a_successor() {
    let responses = concurrent_refreshes(None).await;
    let (won, lost): (Vec<_>, Vec<_>) = responses.into_iter().partition(Result::is_ok);
    assert_eq!((won.len(), lost.len()), (1, 99));
    assert!(lost.into_iter().all(|status| status == Err(409)));
}

/// Sends 100 identical refreshes and returns the successor or the status of each. The session stays
/// live.
async fn concurrent_refreshes(key: Option<&'static str>) -> Vec<Result<String, u16>> {
    let app = TestApp::start().await;
    let first = app.sign_in().await;
    let mut requests = JoinSet::new();
    for _ in 0..100 {
        let (caller, token) = (app.caller.clone(), first.refresh_token.clone());
        requests.spawn(async move {
            let response = caller.refresh(&token, key).await;
            match response.status().as_u16() {
                200 => Ok(tokens(response).await.refresh_token),
                status => Err(status),
            }
        });
    }
    let responses = requests.join_all().await;
    let successor = responses.iter().flatten().next().expect("one successor");
    assert_eq!(claims(successor)["gen"], 1);
    app.refreshed(successor).await;
    responses
}

#[tokio::test]
async fn security_50_after_two_rotations_within_a_second_the_oldest_token_is_refused() {
    let app = TestApp::start().await;
    let first = app.sign_in().await;
    let second = app.refreshed(&first.refresh_token).await;
    app.refreshed(&second.refresh_token).await;
    let oldest = app.refresh(&first.refresh_token, None).await;
    assert_eq!(code(oldest).await, (400, "refresh_replayed".into()));
}

#[tokio::test]
async fn security_45_rotation_never_moves_the_absolute_expiry() {
    let app = TestApp::start().await;
    let mut signed_in = app.sign_in().await;
    let end = claims(&signed_in.refresh_token)["exp"].clone();
    for day in (7..=28).step_by(7) {
        app.clock.advance(7 * DAY);
        signed_in = app.refreshed(&signed_in.refresh_token).await;
        assert_eq!(claims(&signed_in.refresh_token)["exp"], end);
        assert_eq!(signed_in.refresh_expires_in, (30 - day) * DAY.as_secs());
    }
    // Five minutes before the absolute expiry: neither token outlives it.
    app.clock
        .advance((2 * DAY).saturating_sub(Duration::from_mins(5)));
    signed_in = app.refreshed(&signed_in.refresh_token).await;
    assert_eq!(signed_in.expires_in, 300);
    assert_eq!(claims(&signed_in.access_token)["exp"], end);
    app.clock.advance(Duration::from_mins(5));
    app.refresh_is_refused(&signed_in.refresh_token).await;
    assert_eq!(
        app.check(&signed_in.access_token).await,
        Err("token_expired".into())
    );
}

#[tokio::test]
async fn security_46_a_session_ends_at_its_idle_timeout() {
    let app = TestApp::start().await;
    let first = app.sign_in().await;
    app.clock
        .advance((14 * DAY).saturating_sub(Duration::from_secs(1)));
    let second = app.refreshed(&first.refresh_token).await;
    app.clock.advance(14 * DAY);
    let late = app.refresh(&second.refresh_token, None).await;
    assert_eq!(code(late).await, (400, "session_ended".into()));
}

#[tokio::test]
async fn security_34_other_tokens_are_refused_as_refresh_tokens() {
    let app = TestApp::start().await;
    let signed_in = app.sign_in().await;
    app.refresh_is_refused(&signed_in.access_token).await;
    let altered = signed_in.refresh_token.replace('.', "..");
    let long = "a".repeat(9 * 1024);
    for text in ["", "null", "a.b.c", &altered, &long] {
        let response = app.refresh(text, None).await;
        assert_eq!(response.status(), 400, "{text}");
    }
    app.refreshed(&signed_in.refresh_token).await;
}

#[tokio::test]
async fn regression_a_revoked_refresh_token_cannot_be_used() {
    let app = TestApp::start().await;
    let signed_in = app.sign_in().await;
    app.revoke(&signed_in.refresh_token).await;
    app.refresh_is_refused(&signed_in.refresh_token).await;
    // The JSON endpoint refuses it too.
    let body = json!({ "grant_type": "refresh_token", "refresh_token": signed_in.refresh_token });
    let response = app.post("/auth/refresh").json(&body).send().await;
    assert_eq!(
        refusal(response.expect("a response")).await,
        (400, "invalid_grant".into())
    );
}

#[tokio::test]
async fn the_json_endpoint_behaves_the_same() {
    let app = TestApp::start().await;
    let first = app.sign_in().await;
    let refresh = |token: &str| {
        let body = json!({ "grant_type": "refresh_token", "refresh_token": token });
        app.post("/auth/refresh").json(&body).send()
    };
    let second = refresh(&first.refresh_token).await.expect("a response");
    let second = tokens(second).await;
    assert_eq!(app.check(&second.access_token).await, Ok(()));
    app.clock.advance(Duration::from_secs(11));
    let replay = refresh(&first.refresh_token).await.expect("a response");
    assert_eq!(code(replay).await, (400, "refresh_replayed".into()));

    for (body, expected) in [
        (
            json!({ "grant_type": "password", "refresh_token": "x" }),
            "unsupported_grant_type",
        ),
        (json!({ "grant_type": "refresh_token" }), "invalid_request"),
        (
            json!({ "grant_type": "refresh_token", "refresh_token": 1 }),
            "invalid_request",
        ),
        (json!([]), "invalid_request"),
        (
            json!({ "grant_type": "refresh_token", "refresh_token": "x" }),
            "invalid_grant",
        ),
    ] {
        let response = app.post("/auth/refresh").json(&body).send().await;
        let response = refusal(response.expect("a response")).await;
        assert_eq!(response, (400, expected.into()), "{body}");
    }
}
