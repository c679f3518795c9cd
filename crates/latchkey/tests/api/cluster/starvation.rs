//! Ending the sessions of a user is not delayed by refreshes of that user, however frequent they
//! are.

use core::time::Duration;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use latchkey_axum::use_cases::operator::{Actor, Operator};
use latchkey_core::session::Lifetimes;
use latchkey_core::{Clock as _, Session, SessionId, SessionOrigin, UserId};
use latchkey_store::{NewSession, OpenOutcome};
use latchkey_tokens::SystemRng;
use latchkey_types::TokenResponse;
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use super::fixture::until;
use super::{Cluster, DATABASES};
use crate::app::{TestApp, claims};
use latchkey_testing::tokens;

const LOOPS: usize = 6;
/// SECURITY 76: how long a ban or "end all" may take.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(5);

/// Opens `count` sessions of this user directly in the store, and returns their refresh tokens.
async fn open_sessions(app: &TestApp, user: UserId, count: usize) -> Vec<String> {
    let lifetimes = Lifetimes {
        access: Duration::from_mins(10),
        absolute: Duration::from_hours(720),
        idle: Duration::from_hours(336),
    };
    let mut refresh_tokens = Vec::new();
    for _ in 0..count {
        let id = SessionId::random(&SystemRng);
        let session = Session::open(id, user, None, app.clock.now(), lifetimes);
        let origin = SessionOrigin {
            provider: "demo".into(),
            user_agent: None,
            address: None,
        };
        let new = NewSession {
            session,
            origin,
            max_sessions: 1000,
            request_id: None,
            credential: None,
        };
        let Ok(OpenOutcome::Opened(started)) = app.state.store.open_session(new).await else {
            panic!("the session was not opened");
        };
        let issued = app.state.issuer.refresh_tokens().issue(&started.session);
        refresh_tokens.push(issued);
    }
    refresh_tokens
}

/// Tasks that refresh sessions over HTTP at both servers until every refresh is refused.
struct Refreshing {
    done: Arc<AtomicBool>,
    granted: Arc<AtomicUsize>,
    loops: JoinSet<Option<TokenResponse>>,
}

impl Refreshing {
    fn start(apps: [&TestApp; 2], refresh_tokens: &[String]) -> Self {
        let done = Arc::new(AtomicBool::new(false));
        let granted = Arc::new(AtomicUsize::new(0));
        let mut loops = JoinSet::new();
        for number in 0..LOOPS {
            let caller = apps[number % 2].caller.clone();
            let mine = refresh_tokens.iter().skip(number).step_by(LOOPS);
            let mut mine: Vec<_> = mine.cloned().collect();
            let (done, granted) = (Arc::clone(&done), Arc::clone(&granted));
            loops.spawn(async move {
                let mut last = None;
                loop {
                    for token in &mut mine {
                        let was_done = done.load(Ordering::SeqCst);
                        let response = caller.refresh(token, None).await;
                        if response.status() == 200 {
                            assert!(
                                !was_done,
                                "a refresh was granted after the sessions had ended"
                            );
                            let next = tokens(response).await;
                            granted.fetch_add(1, Ordering::SeqCst);
                            token.clone_from(&next.refresh_token);
                            last = Some(next);
                        } else if was_done {
                            assert_eq!(response.status(), 400);
                            return last;
                        }
                    }
                }
            });
        }
        Self {
            done,
            granted,
            loops,
        }
    }

    /// Waits until the tasks have refreshed twice on average.
    async fn wait_for_refreshes(&self) {
        let enough = || async { self.granted.load(Ordering::SeqCst) >= 2 * LOOPS };
        until("the refreshes", enough).await;
    }

    /// Asserts that every task is now refused, and that both servers refuse the last tokens.
    async fn end(mut self, apps: [&TestApp; 2]) {
        self.done.store(true, Ordering::SeqCst);
        let mut last = Vec::new();
        let all = async {
            while let Some(done) = self.loops.join_next().await {
                last.extend(done.expect("a refresh task panicked"));
            }
        };
        let all = timeout(Duration::from_mins(1), all).await;
        all.expect("a task was never refused");
        for tokens in last {
            for app in apps {
                let refused = || async { app.check(&tokens.access_token).await.is_err() };
                until("the refusal", refused).await;
                app.refresh_is_refused(&tokens.refresh_token).await;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn security_76_refreshes_do_not_delay_end_all_or_a_ban() {
    for kind in DATABASES {
        let Cluster { one, two, .. } = &Cluster::start(kind).await;
        for count in [30, 300] {
            let kept = one.sign_in_as("mallory@example.com").await;
            let user = claims(&kept.access_token)["sub"].as_str().map(str::parse);
            let user = user.expect("text").expect("an id");
            let others = open_sessions(one, user, count).await;

            // The user ends all other sessions.
            let refreshing = Refreshing::start([one, two], &others);
            refreshing.wait_for_refreshes().await;
            let begun = Instant::now();
            let request = one.http.delete(format!("{}/api/sessions", one.url));
            let response = request.bearer_auth(&kept.access_token).send().await;
            assert_eq!(response.expect("a response").status(), 204, "{kind:?}");
            let took = begun.elapsed();
            assert!(took < RESPONSE_TIMEOUT, "{kind:?}, {count}: {took:?}");
            refreshing.end([one, two]).await;
            // The current session stays live. So does a new one, although the clocks have not
            // advanced since the other sessions ended.
            for app in [one, two] {
                assert_eq!(app.check(&kept.access_token).await, Ok(()));
            }
            two.refreshed(&kept.refresh_token).await;
            let again = one.sign_in_as("mallory@example.com").await;
            for app in [one, two] {
                assert_eq!(app.check(&again.access_token).await, Ok(()));
            }
            one.refreshed(&again.refresh_token).await;

            // An operator bans the user.
            let sessions = open_sessions(one, user, count).await;
            let refreshing = Refreshing::start([one, two], &sessions);
            refreshing.wait_for_refreshes().await;
            let begun = Instant::now();
            let banned = Operator::online(&two.state, Actor::CommandLine)
                .ban(user, "spam")
                .await;
            // The current session and the new sign-in are also ended.
            assert_eq!(banned.expect("banned"), count + 2, "{kind:?}");
            let took = begun.elapsed();
            assert!(took < RESPONSE_TIMEOUT, "{kind:?}, {count}: {took:?}");
            refreshing.end([one, two]).await;
            let lifted = Operator::online(&one.state, Actor::CommandLine)
                .unban(user)
                .await;
            assert_eq!(lifted, Ok(true));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn security_76_refreshes_do_not_delay_ending_the_sessions_of_all_users() {
    for kind in DATABASES {
        let Cluster { one, two, .. } = &Cluster::start(kind).await;
        let mallory = one.sign_in_as("mallory@example.com").await;
        let user = claims(&mallory.access_token)["sub"]
            .as_str()
            .map(str::parse);
        let user = user.expect("text").expect("an id");
        let ada = one.sign_in().await;
        let sessions = open_sessions(one, user, 60).await;
        let refreshing = Refreshing::start([one, two], &sessions);
        refreshing.wait_for_refreshes().await;
        let begun = Instant::now();
        let ended = Operator::online(&one.state, Actor::CommandLine)
            .end_everyone()
            .await;
        assert_eq!(ended, Ok(62), "{kind:?}");
        let took = begun.elapsed();
        assert!(took < 4 * RESPONSE_TIMEOUT, "{kind:?}: {took:?}");
        refreshing.end([one, two]).await;
        for app in [one, two] {
            let refused = || async { app.check(&ada.access_token).await.is_err() };
            until("the refusal", refused).await;
            app.refresh_is_refused(&ada.refresh_token).await;
        }
        // A later sign-in is not affected.
        let again = one.sign_in().await;
        for app in [one, two] {
            assert_eq!(app.check(&again.access_token).await, Ok(()));
        }
        let request = one.post("/auth/logout").bearer_auth(&again.access_token);
        let response = request.json(&json!({ "everywhere": true })).send().await;
        assert_eq!(response.expect("a response").status(), 204);
    }
}
