//! The sessions of a user.

use std::time::Duration;

use latchkey_types::ActivityKind;
use tokio::task::JoinSet;

use crate::app::{FIREFOX, TestApp, claims};
use latchkey_testing::{code, tokens};

const CHROME: &str = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) \
                      Chrome/142.0.0.0 Safari/537.36";

#[tokio::test]
async fn security_53_sessions_are_listed_current_first_then_by_last_use() {
    let app = TestApp::start().await;
    let here = app.sign_in_with(FIREFOX).await;
    app.clock.advance(Duration::from_mins(1));
    let phone = app.sign_in_with(CHROME).await;
    app.clock.advance(Duration::from_mins(1));
    let program = app.sign_in().await;
    app.sign_in_as("grace@example.com").await;
    app.clock.advance(Duration::from_mins(1));
    app.refreshed(&phone.refresh_token).await;

    let sessions = app.sessions(&here.access_token).await;
    let ids: Vec<_> = sessions.iter().map(|session| session.id.as_str()).collect();
    let sid = |token: &str| claims(token)["sid"].as_str().expect("text").to_owned();
    let expected = [&here, &phone, &program].map(|tokens| sid(&tokens.access_token));
    assert_eq!(ids, expected);
    let current: Vec<_> = sessions.iter().map(|session| session.current).collect();
    assert_eq!(current, [true, false, false]);

    let (first, second, third) = (&sessions[0], &sessions[1], &sessions[2]);
    assert_eq!(first.browser.as_deref(), Some("Firefox 145"));
    assert_eq!(first.system.as_deref(), Some("Windows"));
    assert_eq!(second.browser.as_deref(), Some("Chrome 142"));
    assert_eq!(second.system.as_deref(), Some("Linux"));
    assert_eq!((&third.browser, &third.system), (&None, &None));
    assert_eq!(first.address.as_deref(), Some("127.0.0.1"));
    assert_eq!((&*first.provider, first.bound), ("demo", false));
    let start = 1_800_000_000;
    assert_eq!((first.opened_at, first.last_seen), (start, start));
    assert_eq!(
        (second.opened_at, second.last_seen),
        (start + 60, start + 180)
    );
    let idle = Duration::from_hours(14 * 24).as_secs();
    assert_eq!(second.expires_at, start + 180 + idle);
    // In the list of another session, that session is the current one.
    let there = app.sessions(&program.access_token).await;
    assert!(there[0].current && there[0].id == expected[2]);

    // Expired sessions are not listed.
    app.clock.advance(Duration::from_hours(14 * 24));
    let later = app.sign_in().await;
    let left = app.sessions(&later.access_token).await;
    assert_eq!(left.len(), 1);
    let none = app.get("/api/sessions").send().await.expect("a response");
    assert_eq!(code(none).await, (401, "token_missing".into()));
}

#[tokio::test]
async fn security_52_53_one_session_ends_another_immediately() {
    let app = TestApp::start().await;
    let (here, there) = (app.sign_in().await, app.sign_in().await);
    let newer = app.refreshed(&there.refresh_token).await;
    let path = format!("/api/sessions/{}", sid(&there.access_token));
    let ended = app.delete_as(&path, &here.access_token).await;
    assert_eq!(ended.status(), 204);
    for access in [&there.access_token, &newer.access_token] {
        assert_eq!(app.check(access).await, Err("token_revoked".into()));
    }
    for refresh in [&there.refresh_token, &newer.refresh_token] {
        app.refresh_is_refused(refresh).await;
    }
    assert_eq!(app.sessions(&here.access_token).await.len(), 1);
    assert_eq!(app.check(&here.access_token).await, Ok(()));
    app.refreshed(&here.refresh_token).await;
    // Repeating the request succeeds.
    let again = app.delete_as(&path, &here.access_token).await;
    assert_eq!(again.status(), 204);
}

#[tokio::test]
async fn security_53_the_session_of_another_user_is_not_found() {
    let app = TestApp::start().await;
    let ada = app.sign_in().await;
    let grace = app.sign_in_as("grace@example.com").await;
    let foreign = sid(&grace.access_token);
    for id in [&*foreign, "AAAAAAAAAAAAAAAAAAAAAA", "x", "%252e", "a%00b"] {
        let path = format!("/api/sessions/{id}");
        let response = app.delete_as(&path, &ada.access_token).await;
        assert_eq!(code(response).await, (404, "not_found".into()), "{id}");
    }
    assert_eq!(app.check(&grace.access_token).await, Ok(()));
    app.refreshed(&grace.refresh_token).await;
}

#[tokio::test]
async fn ending_the_current_session_signs_out() {
    let app = TestApp::start().await;
    let here = app.sign_in().await;
    let path = format!("/api/sessions/{}", sid(&here.access_token));
    let ended = app.delete_as(&path, &here.access_token).await;
    assert_eq!(ended.status(), 204);
    assert_eq!(
        app.check(&here.access_token).await,
        Err("token_revoked".into())
    );
    app.refresh_is_refused(&here.refresh_token).await;
}

#[tokio::test]
async fn security_53_ending_all_other_sessions_keeps_the_current_one() {
    let app = TestApp::start().await;
    let here = app.sign_in().await;
    let others = [app.sign_in().await, app.sign_in().await];
    let grace = app.sign_in_as("grace@example.com").await;
    let ended = app.delete_as("/api/sessions", &here.access_token).await;
    assert_eq!(ended.status(), 204);
    for other in &others {
        let access = app.check(&other.access_token).await;
        assert_eq!(access, Err("token_revoked".into()));
        app.refresh_is_refused(&other.refresh_token).await;
    }
    assert_eq!(app.sessions(&here.access_token).await.len(), 1);
    app.refreshed(&here.refresh_token).await;
    assert_eq!(app.check(&grace.access_token).await, Ok(()));
    let alone = app.delete_as("/api/sessions", &here.access_token).await;
    assert_eq!(alone.status(), 204);
}

/// An access token can outlive the idle timeout of its session.
#[tokio::test]
async fn security_52_an_idle_session_with_a_valid_access_token_is_ended_too() {
    let config = "demo = true\n[tokens]\naccess_ttl = \"10m\"\nidle_ttl = \"5m\"";
    let app = TestApp::with(config).await;
    let idle = app.sign_in().await;
    app.clock.advance(Duration::from_mins(6));
    let here = app.sign_in().await;
    assert_eq!(app.check(&idle.access_token).await, Ok(()));
    let ended = app.delete_as("/api/sessions", &here.access_token).await;
    assert_eq!(ended.status(), 204);
    assert_eq!(
        app.check(&idle.access_token).await,
        Err("token_revoked".into())
    );
}

#[tokio::test]
async fn security_51_no_token_survives_ending_all_other_sessions_during_refreshes() {
    let app = TestApp::start().await;
    let here = app.sign_in().await;
    for _ in 0..10 {
        let others = [app.sign_in().await, app.sign_in().await];
        let mut refreshes = JoinSet::new();
        for other in &others {
            for _ in 0..4 {
                let (caller, token) = (app.caller.clone(), other.refresh_token.clone());
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
        }
        let ended = app.delete_as("/api/sessions", &here.access_token).await;
        assert_eq!(ended.status(), 204);
        let won = refreshes.join_all().await;
        for won in won.iter().flatten().chain(&others) {
            app.refresh_is_refused(&won.refresh_token).await;
            let access = app.check(&won.access_token).await;
            assert_eq!(access, Err("token_revoked".into()));
        }
    }
    app.refreshed(&here.refresh_token).await;
}

/// A browser that signed out while the server was down has deleted its tokens and cannot end its
/// session later.
#[tokio::test]
async fn security_67_an_abandoned_session_is_ended_by_another_session_or_by_its_refresh_token() {
    let app = TestApp::start().await;
    let (left, kept) = (app.sign_in().await, app.sign_in().await);
    let app = app.restarted().await;
    app.clock.advance(Duration::from_hours(1));
    // The access token has expired; the refresh token is enough to end the session.
    app.revoke(&kept.refresh_token).await;
    app.refresh_is_refused(&kept.refresh_token).await;
    let here = app.sign_in().await;
    let listed = app.sessions(&here.access_token).await;
    let left_id = sid(&left.access_token);
    assert!(listed.iter().any(|session| session.id == left_id));
    let path = format!("/api/sessions/{left_id}");
    app.delete_as(&path, &here.access_token).await;
    app.refresh_is_refused(&left.refresh_token).await;
}

pub(super) fn sid(access_token: &str) -> String {
    claims(access_token)["sid"]
        .as_str()
        .expect("text")
        .to_owned()
}

#[tokio::test]
async fn security_83_a_sign_in_over_the_limit_ends_the_least_recently_used_session() {
    let app = TestApp::with("demo = true\n[limits]\nmax_sessions = 3\n").await;
    let mut signed_in = Vec::new();
    for _ in 0..3 {
        app.clock.advance(Duration::from_secs(1));
        signed_in.push(app.sign_in().await);
    }
    // Use the first session, so that the second is the least recently used.
    app.clock.advance(Duration::from_secs(1));
    let first = app.refreshed(&signed_in[0].refresh_token).await;
    let grace = app.sign_in_as("grace@example.com").await;
    let newest = app.sign_in().await;
    let refused = app.check(&signed_in[1].access_token).await;
    assert_eq!(refused, Err("token_revoked".into()));
    app.refresh_is_refused(&signed_in[1].refresh_token).await;
    for tokens in [&first, &signed_in[2], &newest, &grace] {
        assert_eq!(app.check(&tokens.access_token).await, Ok(()));
    }
    assert_eq!(app.sessions(&newest.access_token).await.len(), 3);
    let kinds = app.kinds(&newest.access_token).await;
    assert!(kinds.contains(&ActivityKind::Displaced), "{kinds:?}");
    // After many sign-ins, the list is still bounded.
    for _ in 0..50 {
        app.clock.advance(Duration::from_secs(1));
        app.sign_in().await;
    }
    let last = app.sign_in().await;
    assert_eq!(app.sessions(&last.access_token).await.len(), 3);
}
