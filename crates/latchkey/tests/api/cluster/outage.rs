//! The store is unreachable: no revoked token is accepted, responses are timely, and no session is
//! lost.

use core::time::Duration;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use latchkey_types::TokenResponse;
use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::fixture::{check_until_synced, until};
use super::proxy::Link;
use super::{Cluster, DATABASES, STALENESS};
use crate::app::TestApp;
use latchkey_testing::{ApiClient, code};

/// SECURITY 73: the server recovers within a few seconds. The bound leaves room for a busy machine.
pub(super) const RECOVERY_TIMEOUT: Duration = Duration::from_secs(25);

pub(super) async fn accepts(app: &TestApp, token: &str) -> bool {
    app.get_as("/api/me", token).await.status() == 200
}

/// Asserts that the server refuses everything that needs the store, in time and with the right
/// code.
pub(super) async fn assert_unavailable(app: &TestApp, signed_in: &TokenResponse) {
    until("a refusal", || async {
        !accepts(app, &signed_in.access_token).await
    })
    .await;
    // The code shows that the store call timed out, not the whole request.
    let unavailable = (503, "store_unavailable".to_owned());
    let refresh = app.refresh(&signed_in.refresh_token, Some("key")).await;
    assert_eq!(code(refresh).await, unavailable);
    let revoke = app
        .post("/auth/revoke")
        .form(&[("token", &signed_in.refresh_token)]);
    assert_eq!(
        code(revoke.send().await.expect("a response")).await,
        unavailable
    );
    let ready = app.get("/readyz").send().await.expect("a response");
    assert_eq!(ready.status(), 503);
    assert_eq!(
        app.get("/healthz")
            .send()
            .await
            .expect("a response")
            .status(),
        200
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn security_73_a_store_that_is_killed_or_paused_fails_closed_and_recovers() {
    for kind in DATABASES {
        let mut cluster = Cluster::with_short_staleness(kind).await;
        let signed_in = cluster.one.sign_in().await;
        for paused in [false, true] {
            if paused {
                cluster.database.process().pause().expect("paused");
            } else {
                cluster.database.process().kill().expect("killed");
            }
            for app in [&cluster.one, &cluster.two] {
                assert_unavailable(app, &signed_in).await;
            }
            if paused {
                cluster.database.process().resume().expect("resumed");
            } else {
                cluster.database.restart().expect("started");
            }
            for app in [&cluster.one, &cluster.two] {
                let back = || accepts(app, &signed_in.access_token);
                let took = until("the recovery", back).await;
                assert!(took < RECOVERY_TIMEOUT, "{kind:?}: {took:?}");
                let ready = || async {
                    app.get("/readyz")
                        .send()
                        .await
                        .expect("a response")
                        .status()
                        == 200
                };
                until("readiness", ready).await;
            }
        }
        // The failed refreshes may have been committed: a retry with the same key gets the
        // successor.
        let next = cluster
            .one
            .refresh(&signed_in.refresh_token, Some("key"))
            .await;
        assert_eq!(next.status(), 200, "{kind:?}: the session was lost");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn security_52_a_disconnected_server_accepts_no_token_for_longer_than_max_staleness() {
    for kind in DATABASES {
        let Cluster {
            one,
            two,
            proxies: [_, proxy_of_two],
            ..
        } = &Cluster::with_short_staleness(kind).await;
        for link in [Link::Cut, Link::Silent] {
            let (live, revoked) = (one.sign_in().await, one.sign_in().await);
            assert_eq!(check_until_synced(two, &revoked.access_token).await, Ok(()));
            proxy_of_two.set(link);
            one.revoke(&revoked.refresh_token).await;
            let acknowledged = Instant::now();
            assert!(!accepts(one, &revoked.access_token).await);
            // Requests sent after `max_staleness` must be refused, however long the response takes.
            let refused = || async {
                let late = acknowledged.elapsed() > STALENESS;
                let accepted = accepts(two, &revoked.access_token).await;
                assert!(
                    !(late && accepted),
                    "{kind:?} {link:?}: a revoked token was accepted"
                );
                !accepted
            };
            until("the refusal", refused).await;
            // The other server is not affected.
            assert_eq!(check_until_synced(one, &live.access_token).await, Ok(()));

            proxy_of_two.set(Link::Open);
            let took = until("the recovery", || accepts(two, &live.access_token)).await;
            assert!(took < RECOVERY_TIMEOUT, "{kind:?} {link:?}: {took:?}");
            assert_revocation_arrives(two, &revoked.access_token, acknowledged).await;
            let refreshed = || async {
                let response = two.refresh(&live.refresh_token, Some("key")).await;
                assert_ne!(response.status(), 400, "{kind:?} {link:?}: signed out");
                response.status() == 200
            };
            until("a refresh", refreshed).await;
        }
    }
}

/// Waits until this server knows of a revocation. Until then it may accept the token, for no longer
/// than `max_staleness`.
pub(super) async fn assert_revocation_arrives(
    app: &TestApp,
    access_token: &str,
    acknowledged: Instant,
) {
    let known = || async {
        let late = acknowledged.elapsed() > STALENESS;
        let response = app.get_as("/api/me", access_token).await;
        let status = response.status().as_u16();
        assert!(!(late && status == 200), "a revoked token was accepted");
        status == 401
    };
    until("the revocation", known).await;
    assert_eq!(
        check_until_synced(app, access_token).await,
        Err("token_revoked".into())
    );
}

/// State shared by the clients that run while the store is interrupted.
#[derive(Default)]
struct Load {
    done: AtomicBool,
    refreshed: AtomicUsize,
    refused: AtomicUsize,
    revoked: Mutex<Vec<(String, Instant)>>,
}

impl Load {
    /// Starts clients that refresh, revoke, and check revoked tokens at both servers.
    async fn start(self: &Arc<Self>, cluster: &Cluster) -> JoinSet<()> {
        let callers = [cluster.one.caller.clone(), cluster.two.caller.clone()];
        let mut clients = JoinSet::new();
        for number in 0..4 {
            let email = format!("{number}@example.com");
            let signed_in = cluster.one.sign_in_as(&email).await;
            clients.spawn(keep_refreshing(
                callers.clone(),
                signed_in,
                Arc::clone(self),
            ));
        }
        let mut to_revoke = Vec::new();
        for _ in 0..30 {
            to_revoke.push(cluster.one.sign_in().await);
        }
        let revoking = revoke_one_by_one(callers[0].clone(), to_revoke, Arc::clone(self));
        clients.spawn(revoking);
        clients.spawn(check_revoked_tokens(callers, Arc::clone(self)));
        clients
    }

    /// Waits for this many further refreshes.
    async fn refreshes(&self, count: usize) {
        let before = self.refreshed.load(Ordering::SeqCst);
        let enough = || async { self.refreshed.load(Ordering::SeqCst) >= before + count };
        until("refreshes", enough).await;
    }

    /// Waits for a further refusal.
    async fn refusals(&self) {
        let before = self.refused.load(Ordering::SeqCst);
        let more = || async { self.refused.load(Ordering::SeqCst) > before };
        until("refusals", more).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_load_an_unreliable_store_loses_no_session_and_no_revocation() {
    for kind in DATABASES {
        let mut cluster = Cluster::with_short_staleness(kind).await;
        let load = Arc::<Load>::default();
        let clients = load.start(&cluster).await;
        load.refreshes(8).await;

        for bytes in [1, 7, 40, 150, 400, 900] {
            cluster.proxies[1].cut_after(bytes);
            load.refreshes(4).await;
        }
        for link in [Link::Cut, Link::Silent] {
            cluster.proxies[1].set(link);
            load.refusals().await;
            cluster.proxies[1].set(Link::Open);
            load.refreshes(8).await;
        }

        cluster.database.process().pause().expect("paused");
        load.refusals().await;
        cluster.database.process().resume().expect("resumed");
        load.refreshes(8).await;
        cluster.database.process().kill().expect("killed");
        cluster.database.restart().expect("started");
        load.refreshes(8).await;

        let enough = || async { load.revoked.lock().await.len() > 5 };
        until("revocations", enough).await;
        load.done.store(true, Ordering::SeqCst);
        clients.join_all().await;
    }
}

/// A correct client: retries a refresh that got 503 with the same idempotency key.
async fn keep_refreshing(callers: [ApiClient; 2], mut tokens: TokenResponse, load: Arc<Load>) {
    let mut turn = 0;
    while !load.done.load(Ordering::SeqCst) {
        let key = format!("key-{}", load.refreshed.load(Ordering::SeqCst));
        let key = format!("{key}-{turn}");
        tokens = loop {
            turn += 1;
            let response = callers[turn % 2]
                .refresh(&tokens.refresh_token, Some(&key))
                .await;
            match response.status().as_u16() {
                200 => break latchkey_testing::tokens(response).await,
                503 => {
                    load.refused.fetch_add(1, Ordering::SeqCst);
                    sleep(Duration::from_millis(20)).await;
                }
                other => panic!("{other}: {}", response.text().await.expect("text")),
            }
        };
        load.refreshed.fetch_add(1, Ordering::SeqCst);
        sleep(Duration::from_millis(10)).await;
    }
}

async fn revoke_one_by_one(caller: ApiClient, sessions: Vec<TokenResponse>, load: Arc<Load>) {
    for tokens in sessions {
        while !load.done.load(Ordering::SeqCst) {
            let request = caller.post("/auth/revoke");
            let response = request
                .form(&[("token", &tokens.refresh_token)])
                .send()
                .await;
            if response.expect("a response").status() == 200 {
                let revoked = (tokens.access_token.clone(), Instant::now());
                load.revoked.lock().await.push(revoked);
                break;
            }
            sleep(Duration::from_millis(20)).await;
        }
        sleep(Duration::from_millis(150)).await;
    }
}

async fn check_revoked_tokens(callers: [ApiClient; 2], load: Arc<Load>) {
    while !load.done.load(Ordering::SeqCst) {
        let revoked = load.revoked.lock().await.clone();
        for (token, acknowledged) in revoked.iter().rev().take(5) {
            for (caller, delay) in [(&callers[0], Duration::ZERO), (&callers[1], STALENESS)] {
                let late = acknowledged.elapsed() > delay;
                let status = caller.get_as("/api/me", token).await.status();
                assert!(!late || status != 200, "a revoked token was accepted");
            }
        }
        sleep(Duration::from_millis(10)).await;
    }
}
