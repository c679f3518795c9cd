//! What ends an account's sessions is not held up by the account, however fast it refreshes them.

use core::time::Duration;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use latchkey_axum::use_cases::operator::{Actor, Operator};
use latchkey_core::session::Lifetimes;
use latchkey_core::{Clock as _, Session, SessionId, SessionOrigin, UserId};
use latchkey_store::{NewSession, Opened};
use latchkey_tokens::SystemRng;
use latchkey_types::TokenResponse;
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use super::world::until;
use super::{Cluster, KINDS};
use crate::app::{TestApp, claims};
use latchkey_testing::tokens;

const LOOPS: usize = 6;
/// SECURITY 76.
const ANSWERED_WITHIN: Duration = Duration::from_secs(5);

/// Opens so many sessions of this person, quicker than by sign-ins, and gives their refresh tokens.
async fn open(app: &TestApp, user: UserId, count: usize) -> Vec<String> {
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
        };
        let Ok(Opened::Opened(started)) = app.state.store.open_session(new).await else {
            panic!("not opened");
        };
        let issued = app.state.issuer.refresh_tokens().issue(&started.session);
        refresh_tokens.push(issued);
    }
    refresh_tokens
}

/// Loops that refresh sessions over HTTP, at both servers, until nothing is given any more.
struct Refreshing {
    over: Arc<AtomicBool>,
    given: Arc<AtomicUsize>,
    loops: JoinSet<Option<TokenResponse>>,
}

impl Refreshing {
    fn start(apps: [&TestApp; 2], refresh_tokens: &[String]) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let given = Arc::new(AtomicUsize::new(0));
        let mut loops = JoinSet::new();
        for number in 0..LOOPS {
            let caller = apps[number % 2].caller.clone();
            let mine = refresh_tokens.iter().skip(number).step_by(LOOPS);
            let mut mine: Vec<_> = mine.cloned().collect();
            let (over, given) = (Arc::clone(&over), Arc::clone(&given));
            loops.spawn(async move {
                let mut last = None;
                loop {
                    for token in &mut mine {
                        let was_over = over.load(Ordering::SeqCst);
                        let answer = caller.refresh(token, None).await;
                        if answer.status() == 200 {
                            assert!(!was_over, "a refresh was granted after the answer");
                            let next = tokens(answer).await;
                            given.fetch_add(1, Ordering::SeqCst);
                            token.clone_from(&next.refresh_token);
                            last = Some(next);
                        } else if was_over {
                            assert_eq!(answer.status(), 400);
                            return last;
                        }
                    }
                }
            });
        }
        Self { over, given, loops }
    }

    /// Waits until every loop is at it.
    async fn run_up(&self) {
        let least = 2 * LOOPS;
        let run_up = || async { self.given.load(Ordering::SeqCst) >= least };
        until("the refreshes", run_up).await;
    }

    /// After the act: every loop is refused, and what was given last is worth nothing at either
    /// server.
    async fn end(mut self, apps: [&TestApp; 2]) {
        self.over.store(true, Ordering::SeqCst);
        let mut last = Vec::new();
        let all = async {
            while let Some(done) = self.loops.join_next().await {
                last.extend(done.expect("nothing is granted"));
            }
        };
        let all = timeout(Duration::from_mins(1), all).await;
        all.expect("every loop is refused");
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
async fn security_76_refreshes_do_not_hold_up_the_end_of_all_sessions() {
    for kind in KINDS {
        let Cluster { one, two, .. } = &Cluster::start(kind).await;
        for count in [30, 300] {
            let kept = one.sign_in_as("mallory@example.com").await;
            let user = claims(&kept.access_token)["sub"].as_str().map(str::parse);
            let user = user.expect("text").expect("an id");
            let others = open(one, user, count).await;

            // All others, by the person.
            let refreshing = Refreshing::start([one, two], &others);
            refreshing.run_up().await;
            let begun = Instant::now();
            let request = one.http.delete(format!("{}/api/sessions", one.url));
            let answer = request.bearer_auth(&kept.access_token).send().await;
            assert_eq!(answer.expect("an answer").status(), 204, "{kind:?}");
            let took = begun.elapsed();
            assert!(took < ANSWERED_WITHIN, "{kind:?}, {count}: {took:?}");
            refreshing.end([one, two]).await;
            // The one to keep goes on, with the token it has; and so does a sign-in in the very
            // same moment.
            for app in [one, two] {
                assert_eq!(app.check(&kept.access_token).await, Ok(()));
            }
            two.refreshed(&kept.refresh_token).await;
            let again = one.sign_in_as("mallory@example.com").await;
            for app in [one, two] {
                assert_eq!(app.check(&again.access_token).await, Ok(()));
            }
            one.refreshed(&again.refresh_token).await;

            // All, by a ban.
            let sessions = open(one, user, count).await;
            let refreshing = Refreshing::start([one, two], &sessions);
            refreshing.run_up().await;
            let begun = Instant::now();
            let banned = Operator::online(&two.state, Actor::CommandLine)
                .ban(user, "spam")
                .await;
            // One more was signed in, and one was kept.
            assert_eq!(banned.expect("banned"), count + 2, "{kind:?}");
            let took = begun.elapsed();
            assert!(took < ANSWERED_WITHIN, "{kind:?}, {count}: {took:?}");
            refreshing.end([one, two]).await;
            let lifted = Operator::online(&one.state, Actor::CommandLine)
                .unban(user)
                .await;
            assert_eq!(lifted, Ok(true));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn security_76_refreshes_do_not_hold_up_the_end_of_everyones_sessions() {
    for kind in KINDS {
        let Cluster { one, two, .. } = &Cluster::start(kind).await;
        let mallory = one.sign_in_as("mallory@example.com").await;
        let user = claims(&mallory.access_token)["sub"]
            .as_str()
            .map(str::parse);
        let user = user.expect("text").expect("an id");
        let ada = one.sign_in().await;
        let sessions = open(one, user, 60).await;
        let refreshing = Refreshing::start([one, two], &sessions);
        refreshing.run_up().await;
        let begun = Instant::now();
        let ended = Operator::online(&one.state, Actor::CommandLine)
            .end_everyone()
            .await;
        assert_eq!(ended, Ok(62), "{kind:?}");
        let took = begun.elapsed();
        assert!(took < 4 * ANSWERED_WITHIN, "{kind:?}: {took:?}");
        refreshing.end([one, two]).await;
        for app in [one, two] {
            let refused = || async { app.check(&ada.access_token).await.is_err() };
            until("the refusal", refused).await;
            app.refresh_is_refused(&ada.refresh_token).await;
        }
        // Whoever signs in after it is not concerned.
        let again = one.sign_in().await;
        for app in [one, two] {
            assert_eq!(app.check(&again.access_token).await, Ok(()));
        }
        let request = one.post("/auth/logout").bearer_auth(&again.access_token);
        let answer = request.json(&json!({ "everywhere": true })).send().await;
        assert_eq!(answer.expect("an answer").status(), 204);
    }
}
