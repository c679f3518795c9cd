//! Changes made at one server take effect at the other.

use core::time::Duration;

use latchkey_axum::services::denials;
use latchkey_axum::use_cases::operator::{Actor, Operator, verified_token};
use latchkey_core::Denied;
use latchkey_types::ServerEvent;
use serde_json::json;

use super::fixture::{advance, until};
use super::{Cluster, DATABASES};
use crate::app::{TestApp, claims};
use latchkey_testing::{ScriptedProvider, tokens};

async fn is_revoked_at(app: &TestApp, token: &str) -> bool {
    app.check(token).await == Err("token_revoked".into())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn security_52_ending_a_session_at_one_server_ends_it_at_the_other() {
    for kind in DATABASES {
        let Cluster { one, two, .. } = &Cluster::start(kind).await;
        let ada = |app: &TestApp| app.caller.clone();
        let (first, second) = (ada(one), ada(two));

        // Sign in at one server, use and refresh at the other.
        let tokens = first.sign_in().await;
        assert_eq!(two.check(&tokens.access_token).await, Ok(()));
        let next = second.refreshed(&tokens.refresh_token).await;
        let next = first.refreshed(&next.refresh_token).await;

        // A logout.
        first.log_out(&next.access_token).await;
        until("the logout", || is_revoked_at(two, &next.access_token)).await;
        second.refresh_is_refused(&next.refresh_token).await;

        // Revoke one access token; the session stays live.
        let tokens = first.sign_in().await;
        two.revoke(&tokens.access_token).await;
        until("the revocation", || {
            is_revoked_at(one, &tokens.access_token)
        })
        .await;
        let next = first.refreshed(&tokens.refresh_token).await;
        assert_eq!(two.check(&next.access_token).await, Ok(()));

        // A replay that the other server detects.
        advance([one, two], Duration::from_secs(11)).await;
        second.refresh_is_refused(&tokens.refresh_token).await;
        until("the replay", || is_revoked_at(one, &next.access_token)).await;

        // A ban by an operator at the second server.
        let grace = first.sign_in_as("grace@example.com").await;
        let id = claims(&grace.access_token)["sub"]
            .as_str()
            .expect("text")
            .parse();
        let ban = Operator::online(&two.state, Actor::CommandLine)
            .ban(id.expect("an id"), "spam")
            .await;
        assert_eq!(ban.expect("banned"), 1);
        assert!(is_revoked_at(two, &grace.access_token).await);
        until("the ban", || is_revoked_at(one, &grace.access_token)).await;
        let begun = first.begin("demo").await;
        let callback = first.approve(&begun, "grace@example.com").await;
        assert_eq!(first.finish(&begun.cookie, &callback).await.status(), 400);

        // Logout everywhere.
        let (here, there) = (first.sign_in().await, first.sign_in().await);
        let request = second.post("/auth/logout").bearer_auth(&here.access_token);
        let response = request.json(&json!({ "everywhere": true })).send().await;
        assert_eq!(response.expect("a response").status(), 204);
        until("the logout", || is_revoked_at(one, &there.access_token)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lifted_denial_reaches_the_other_server_and_is_not_loaded_again() {
    for kind in DATABASES {
        let Cluster { one, two, .. } = &Cluster::start(kind).await;
        let tokens = one.sign_in().await;
        let operator = Operator::online(&two.state, Actor::CommandLine);
        let token = verified_token(&two.state, &tokens.access_token).expect("valid");
        let denied = operator.deny_token(&token, "copied").await;
        denied.expect("denied");
        until("the denial", || is_revoked_at(one, &tokens.access_token)).await;
        let lifted = operator.lift(Denied::Token(token.jti)).await;
        lifted.expect("lifted");
        assert_eq!(two.check(&tokens.access_token).await, Ok(()));
        until("the lifting", || async {
            !is_revoked_at(one, &tokens.access_token).await
        })
        .await;
        // Reads all denials again, as a server does when it starts and after an outage.
        denials::load(one.state.guard.denylist(), &*one.state.store)
            .await
            .expect("read");
        assert_eq!(one.check(&tokens.access_token).await, Ok(()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sign_in_starts_at_one_server_and_finishes_at_the_other() {
    for kind in DATABASES {
        let provider = ScriptedProvider::start().await;
        let section = provider.section("work");
        let Cluster { one, two, .. } = &Cluster::with(kind, &section).await;
        let begun = one.begin("work").await;
        let callback = provider.approve(&begun);
        let signed_in = tokens(two.finish(&begun.cookie, &callback).await).await;
        assert_eq!(one.check(&signed_in.access_token).await, Ok(()));
        // SECURITY 4: the other server does not accept the callback again.
        assert_eq!(one.finish(&begun.cookie, &callback).await.status(), 400);
        // Of two concurrent callbacks, one at each server, only one succeeds.
        let begun = one.begin("work").await;
        let callback = provider.approve(&begun);
        let (here, there) = tokio::join!(
            one.finish(&begun.cookie, &callback),
            two.finish(&begun.cookie, &callback)
        );
        let mut statuses = [here, there].map(|response| response.status().as_u16());
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 400], "{kind:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn security_49_a_retried_refresh_at_the_other_server_gives_the_same_successor() {
    for kind in DATABASES {
        let Cluster { one, two, .. } = &Cluster::start(kind).await;
        let signed_in = one.sign_in().await;
        let mut tasks = tokio::task::JoinSet::new();
        for number in 0..20 {
            let caller = [one, two][number % 2].caller.clone();
            let token = signed_in.refresh_token.clone();
            tasks.spawn(async move { tokens(caller.refresh(&token, Some("key-1")).await).await });
        }
        let mut successors: Vec<_> = tasks
            .join_all()
            .await
            .into_iter()
            .map(|tokens| tokens.refresh_token)
            .collect();
        successors.dedup();
        assert_eq!(successors.len(), 1);
        two.refreshed(&successors[0]).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn event_streams_report_changes_from_the_other_server() {
    for kind in DATABASES {
        let Cluster { one, two, .. } = &Cluster::start(kind).await;
        let here = one.sign_in().await;
        let other = one.sign_in().await;
        let mut events = two.events(&here.access_token).await;
        one.revoke(&other.refresh_token).await;
        assert_eq!(events.next().await, Some(ServerEvent::AccountChanged));
        one.revoke(&here.refresh_token).await;
        let event = loop {
            let event = events.next().await.expect("an event");
            if event != ServerEvent::AccountChanged {
                break event;
            }
        };
        assert!(
            matches!(event, ServerEvent::SessionEnded { .. }),
            "{kind:?}: {event:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_concurrent_signing_key_rotations_one_takes_effect() {
    for kind in DATABASES {
        let Cluster { one, two, .. } = &Cluster::start(kind).await;
        let (first, second) =
            tokio::join!(one.state.rotate_keys(None), two.state.rotate_keys(None));
        let (first, second) = (first.expect("rotated"), second.expect("rotated"));
        assert_eq!(first.kid, second.kid, "{kind:?}");
        assert!(first.is_new != second.is_new, "{kind:?}");
        assert_eq!(one.state.store.signing_keys().await.expect("read").len(), 2);
        // After ten minutes the new key signs, and every server knows it.
        advance([one, two], Duration::from_mins(11)).await;
        let signed_in = one.sign_in().await;
        assert_eq!(two.check(&signed_in.access_token).await, Ok(()));
    }
}
