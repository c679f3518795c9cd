//! Revocation (RFC 7009).

use std::time::Duration;

use latchkey_axum::use_cases::operator::{Actor, Operator};
use latchkey_core::denial::CLOCK_SKEW;
use latchkey_types::TokenResponse;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::app::{TestApp, claims};
use latchkey_testing::{code, header, refusal, tokens};

const ACCESS_LIFETIME: Duration = Duration::from_mins(10);
const DAY: Duration = Duration::from_hours(24);

#[tokio::test]
async fn security_24_revoking_an_unknown_token_succeeds() {
    let app = TestApp::start().await;
    for token in ["unknown", "a.b.c", "eyJhbGciOiJub25lIn0.e30."] {
        app.revoke(token).await;
    }
    let other = TestApp::start().await;
    app.revoke(&other.sign_in().await.access_token).await;
    assert!(app.state.guard.denylist().is_empty());
}

#[tokio::test]
async fn a_revocation_while_the_clock_is_ahead_is_permanent() {
    let app = TestApp::start().await;
    let assert_ended = async |ended: &TokenResponse| {
        let check = app.check(&ended.access_token).await;
        assert_eq!(check, Err("token_revoked".into()));
        app.refresh_is_refused(&ended.refresh_token).await;
    };
    for ahead in [ACCESS_LIFETIME, 31 * DAY] {
        let (one, two, three, four) = (
            app.sign_in().await,
            app.sign_in().await,
            app.sign_in().await,
            app.sign_in().await,
        );
        app.clock.advance(ahead);
        app.revoke(&one.access_token).await;
        app.revoke(&two.refresh_token).await;
        if ahead > DAY {
            // By this clock the session has expired. It stays expired.
            app.refresh_is_refused(&four.refresh_token).await;
        }
        app.clock.set_back(ahead);
        let check = app.check(&one.access_token).await;
        assert_eq!(check, Err("token_revoked".into()), "{ahead:?}");
        assert_ended(&two).await;
        if ahead > DAY {
            app.refresh_is_refused(&four.refresh_token).await;
        } else {
            app.refreshed(&four.refresh_token).await;
        }
        app.clock.advance(ahead);
        let operator = Operator::online(&app.state, Actor::CommandLine);
        let ended = operator.end_everyone().await.expect("ended");
        assert_eq!(ended, if ahead > DAY { 0 } else { 3 });
        app.clock.set_back(ahead);
        assert_ended(&one).await;
        assert_ended(&three).await;
    }
}

#[tokio::test]
async fn sessions_ended_while_the_clock_is_behind_stay_ended() {
    for act in ["ban", "end", "end everyone"] {
        let app = TestApp::start().await;
        let before = app.sign_in().await;
        let user = claims(&before.access_token)["sub"].clone();
        let user = serde_json::from_value(user).expect("an id");
        app.clock.set_back(2 * DAY);
        let operator = Operator::online(&app.state, Actor::CommandLine);
        match act {
            "ban" => drop(operator.ban(user, "spam").await.expect("banned")),
            "end" => drop(operator.end_sessions(user).await.expect("ended")),
            _ => drop(operator.end_everyone().await.expect("ended")),
        }
        app.clock.advance(2 * DAY);
        let check = app.check(&before.access_token).await;
        assert_eq!(check, Err("token_revoked".into()), "{act}");
        app.refresh_is_refused(&before.refresh_token).await;
    }
}

#[tokio::test]
async fn revoking_expired_access_tokens_records_no_event() {
    let app = TestApp::start().await;
    let old = app.sign_in().await;
    app.clock.advance(ACCESS_LIFETIME);
    let new = app.refreshed(&old.refresh_token).await;
    let events = async || {
        let activity = app.get_as("/api/activity", &new.access_token).await;
        activity.text().await.expect("text")
    };
    let before = events().await;
    for _ in 0..3 {
        app.revoke(&old.access_token).await;
    }
    assert_eq!(events().await, before);
    assert_eq!(
        app.state.guard.denylist().version(),
        1,
        "a repeated revocation was recorded"
    );
    // Revoking a token that has not expired is an event.
    app.revoke(&new.access_token).await;
    let last = app.refreshed(&new.refresh_token).await;
    let after = app.get_as("/api/activity", &last.access_token).await;
    assert_ne!(after.text().await.expect("text"), before);
}

#[tokio::test]
async fn a_request_without_a_token_is_refused() {
    let app = TestApp::start().await;
    let response = app.post("/auth/revoke").form(&[("a", "b")]).send().await;
    let response = response.expect("a response");
    assert_eq!(header(&response, "content-type"), "application/json");
    assert_eq!(refusal(response).await, (400, "invalid_request".into()));
}

#[tokio::test]
async fn security_25_revoking_a_refresh_token_denies_its_access_tokens_immediately() {
    let app = TestApp::start().await;
    let first = app.sign_in().await;
    let second = app.refreshed(&first.refresh_token).await;
    let other = app.sign_in().await;
    app.revoke(&second.refresh_token).await;
    for access in [&first.access_token, &second.access_token] {
        assert_eq!(app.check(access).await, Err("token_revoked".into()));
    }
    app.refresh_is_refused(&second.refresh_token).await;
    // Another session of the same user stays live.
    assert_eq!(app.check(&other.access_token).await, Ok(()));
    app.refreshed(&other.refresh_token).await;
}

#[tokio::test]
async fn security_25_an_older_refresh_token_of_the_session_revokes_it_too() {
    let app = TestApp::start().await;
    let first = app.sign_in().await;
    let second = app.refreshed(&first.refresh_token).await;
    app.revoke(&first.refresh_token).await;
    app.refresh_is_refused(&second.refresh_token).await;
    assert_eq!(
        app.check(&second.access_token).await,
        Err("token_revoked".into())
    );
}

#[tokio::test]
async fn security_51_no_token_survives_a_revocation_that_races_with_refreshes() {
    let app = TestApp::start().await;
    for _ in 0..10 {
        let first = app.sign_in().await;
        let mut refreshes = JoinSet::new();
        for _ in 0..4 {
            let (caller, token) = (app.caller.clone(), first.refresh_token.clone());
            refreshes.spawn(async move {
                let response = caller.refresh(&token, Some("key-1")).await;
                match response.status().as_u16() {
                    200 => Some(tokens(response).await),
                    status => {
                        assert_eq!(status, 400);
                        None
                    }
                }
            });
        }
        app.revoke(&first.refresh_token).await;
        for won in refreshes.join_all().await.into_iter().flatten() {
            app.refresh_is_refused(&won.refresh_token).await;
            let access = app.check(&won.access_token).await;
            assert_eq!(access, Err("token_revoked".into()));
        }
    }
}

#[tokio::test]
async fn revoking_an_access_token_denies_only_that_token() {
    let app = TestApp::start().await;
    let first = app.sign_in().await;
    app.revoke(&first.access_token).await;
    assert_eq!(
        app.check(&first.access_token).await,
        Err("token_revoked".into())
    );
    let second = app.refreshed(&first.refresh_token).await;
    assert_eq!(app.check(&second.access_token).await, Ok(()));
}

#[tokio::test]
async fn security_42_a_denied_token_is_refused_through_its_last_second() {
    let app = TestApp::start().await;
    let first = app.sign_in().await;
    app.revoke(&first.access_token).await;
    app.clock
        .advance(ACCESS_LIFETIME.saturating_sub(Duration::from_secs(1)));
    assert_eq!(
        app.check(&first.access_token).await,
        Err("token_revoked".into())
    );
    app.clock.advance(Duration::from_millis(999));
    assert_eq!(
        app.check(&first.access_token).await,
        Err("token_revoked".into())
    );
    app.clock.advance(Duration::from_millis(1));
    assert_eq!(
        app.check(&first.access_token).await,
        Err("token_expired".into())
    );
    // Servers whose clocks are behind would still accept the token, so the denial outlives it.
    sweep_all(&app).await;
    assert_eq!(app.state.guard.denylist().len(), 1);
    app.clock.advance(CLOCK_SKEW);
    sweep_all(&app).await;
    assert!(app.state.guard.denylist().is_empty());
}

#[tokio::test]
async fn security_42_a_denial_after_a_refresh_covers_the_newest_access_token() {
    let app = TestApp::start().await;
    let first = app.sign_in().await;
    app.clock
        .advance(ACCESS_LIFETIME.saturating_sub(Duration::from_secs(1)));
    let second = app.refreshed(&first.refresh_token).await;
    app.revoke(&second.refresh_token).await;
    app.clock
        .advance(ACCESS_LIFETIME.saturating_sub(Duration::from_secs(1)));
    sweep_all(&app).await;
    assert_eq!(
        app.check(&second.access_token).await,
        Err("token_revoked".into())
    );
}

#[tokio::test]
async fn regression_the_denylist_is_pruned() {
    let app = TestApp::start().await;
    for _ in 0..5 {
        let signed_in = app.sign_in().await;
        app.revoke(&signed_in.access_token).await;
        app.revoke(&signed_in.refresh_token).await;
    }
    assert_eq!(app.state.guard.denylist().len(), 10);
    app.clock.advance(ACCESS_LIFETIME + CLOCK_SKEW);
    sweep_all(&app).await;
    assert!(app.state.guard.denylist().is_empty());
    let now = latchkey_core::Clock::now(&*app.clock);
    let denials = app.state.store.live_denials(now).await.expect("read");
    assert!(denials.is_empty(), "{denials:?}");
    // There is nothing left to sweep: the records are deleted, not only hidden.
    assert_eq!(app.state.store.sweep(now, 100).await.expect("swept"), 0);
}

#[tokio::test]
async fn regression_a_revoked_refresh_token_never_becomes_valid_again() {
    let app = TestApp::start().await;
    let signed_in = app.sign_in().await;
    app.revoke(&signed_in.refresh_token).await;
    // The denial has expired with the access tokens; the session stays ended.
    app.clock
        .advance(ACCESS_LIFETIME + CLOCK_SKEW + Duration::from_secs(1));
    sweep_all(&app).await;
    assert!(app.state.guard.denylist().is_empty());
    let response = app.refresh(&signed_in.refresh_token, None).await;
    assert_eq!(code(response).await, (400, "session_ended".into()));
    let app = app.restarted().await;
    // Until after the absolute expiry of the session.
    for _ in 0..32 {
        app.clock.advance(DAY);
        sweep_all(&app).await;
        app.refresh_is_refused(&signed_in.refresh_token).await;
    }
}

/// Every server remembers each revoked access token until it expires. The number per user and hour
/// is bounded: beyond it, a revocation ends the session, which takes a single denial.
#[tokio::test]
async fn revoking_too_many_access_tokens_one_by_one_ends_the_session() {
    let app = TestApp::with("demo = true\n[limits]\nper_session = \"off\"\n").await;
    let mut tokens = app.sign_in().await;
    let other = app.sign_in().await;
    let mut revoked = 0;
    while app.check(&tokens.access_token).await == Ok(()) {
        app.revoke(&tokens.access_token).await;
        revoked += 1;
        assert!(revoked < 400, "the number of denials is not bounded");
        let next = app.refresh(&tokens.refresh_token, None).await;
        if next.status() != 200 {
            break;
        }
        tokens = latchkey_testing::tokens(next).await;
    }
    // The session has ended; the user's other session has not.
    assert!(revoked > 200);
    app.refresh_is_refused(&tokens.refresh_token).await;
    assert!(app.state.guard.denylist().len() <= 201 + 1);
    assert_eq!(app.check(&other.access_token).await, Ok(()));
}

/// An operator denied a copied token; the session of its owner stays open. Revoking the copy makes
/// the denial permanent and is recorded once. It has no other effect.
#[tokio::test]
async fn revoking_a_token_that_an_operator_denied_never_ends_its_owners_session() {
    let config = "demo = true\nadmins = [\"grace@example.com\"]\n[limits]\nper_session = \"off\"\n";
    let app = TestApp::with(config).await;
    let admin = app.sign_in_as("grace@example.com").await.access_token;
    let deny = async |token: &str| {
        let request = app.post("/api/admin/denials").bearer_auth(&admin);
        let body = json!({ "token": token, "reason": "copied" });
        let response = request.json(&body).send().await.expect("a response");
        assert_eq!(response.status(), 204);
    };
    let owner = app.sign_in().await;
    let newer = app.refreshed(&owner.refresh_token).await;
    deny(&owner.access_token).await;
    for _ in 0..250 {
        app.revoke(&owner.access_token).await;
    }
    let recorded = app.get_as("/api/admin/audit?kind=revoked", &admin).await;
    let recorded: Value = recorded.json().await.expect("JSON");
    assert_eq!(recorded["events"].as_array().map(Vec::len), Some(1));
    let jti = claims(&owner.access_token)["jti"].clone();
    let path = format!("/api/admin/denials/token/{}", jti.as_str().expect("text"));
    let lifted = code(app.delete_as(&path, &admin).await).await;
    assert_eq!(lifted, (409, "not_liftable".into()));

    // Another session uses up the user's limit of revocations.
    let mut other = app.sign_in().await;
    while app.check(&other.access_token).await == Ok(()) {
        app.revoke(&other.access_token).await;
        let next = app.refresh(&other.refresh_token, None).await;
        if next.status() != 200 {
            break;
        }
        other = tokens(next).await;
    }
    let newest = app.refreshed(&newer.refresh_token).await;
    deny(&newer.access_token).await;
    app.revoke(&newer.access_token).await;
    assert_eq!(app.check(&newest.access_token).await, Ok(()));
    app.refreshed(&newest.refresh_token).await;
}

/// Sweeps all expired entries out of the denylist and the store.
async fn sweep_all(app: &TestApp) {
    let now = latchkey_core::Clock::now(&*app.clock);
    while app.state.guard.denylist().sweep(now, 100) > 0 {}
    while app.state.store.sweep(now, 100).await.expect("swept") > 0 {}
}
