//! The store goes away: no revoked token is taken, answers come in time, and nobody is signed out.

use core::time::Duration;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use latchkey_types::TokenResponse;
use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::proxy::Way;
use super::world::{until, verdict};
use super::{Cluster, KINDS, STALENESS};
use crate::app::TestApp;
use latchkey_testing::{ApiClient, code};

/// SECURITY 73: everything is as before within a few seconds; this leaves room for a busy machine.
pub(super) const RECOVERY: Duration = Duration::from_secs(25);

pub(super) async fn works(app: &TestApp, token: &str) -> bool {
    app.get_as("/api/me", token).await.status() == 200
}

/// The server refuses, in time, whatever needs the store, and says so.
pub(super) async fn is_down(app: &TestApp, signed_in: &TokenResponse) {
    until("a refusal", || async {
        !works(app, &signed_in.access_token).await
    })
    .await;
    // Because the store does not answer in its time, not because the whole request took too long.
    let in_time = (503, "store_unavailable".to_owned());
    let refresh = app.refresh(&signed_in.refresh_token, Some("key")).await;
    assert_eq!(code(refresh).await, in_time);
    let revoke = app
        .post("/auth/revoke")
        .form(&[("token", &signed_in.refresh_token)]);
    assert_eq!(code(revoke.send().await.expect("an answer")).await, in_time);
    let ready = app.get("/readyz").send().await.expect("an answer");
    assert_eq!(ready.status(), 503);
    assert_eq!(
        app.get("/healthz")
            .send()
            .await
            .expect("an answer")
            .status(),
        200
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn security_73_a_store_that_is_gone_or_asleep() {
    for kind in KINDS {
        let mut cluster = Cluster::impatient(kind).await;
        let signed_in = cluster.one.sign_in().await;
        for asleep in [false, true] {
            if asleep {
                cluster.database.process().pause().expect("paused");
            } else {
                cluster.database.process().kill().expect("killed");
            }
            for app in [&cluster.one, &cluster.two] {
                is_down(app, &signed_in).await;
            }
            if asleep {
                cluster.database.process().resume().expect("resumed");
            } else {
                cluster.database.start_again().expect("started");
            }
            for app in [&cluster.one, &cluster.two] {
                let back = || works(app, &signed_in.access_token);
                let took = until("the recovery", back).await;
                assert!(took < RECOVERY, "{kind:?}: {took:?}");
                let ready = || async {
                    app.get("/readyz").send().await.expect("an answer").status() == 200
                };
                until("readiness", ready).await;
            }
        }
        // The refreshes that were refused may have been made: the same key tells.
        let next = cluster
            .one
            .refresh(&signed_in.refresh_token, Some("key"))
            .await;
        assert_eq!(next.status(), 200, "{kind:?}: an honest session was lost");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn security_52_a_server_that_is_cut_off_takes_no_token_for_longer_than_max_staleness() {
    for kind in KINDS {
        let Cluster {
            one,
            two,
            ways: [_, way_of_two],
            ..
        } = &Cluster::impatient(kind).await;
        for way in [Way::Cut, Way::Silent] {
            let (lives, revoked) = (one.sign_in().await, one.sign_in().await);
            assert_eq!(verdict(two, &revoked.access_token).await, Ok(()));
            way_of_two.set(way);
            one.revoke(&revoked.refresh_token).await;
            let acknowledged = Instant::now();
            assert!(!works(one, &revoked.access_token).await);
            // Nothing that was asked later than that, however long an answer takes.
            let refused = || async {
                let late = acknowledged.elapsed() > STALENESS;
                let works = works(two, &revoked.access_token).await;
                assert!(
                    !(late && works),
                    "{kind:?} {way:?}: a revoked token was taken"
                );
                !works
            };
            until("the refusal", refused).await;
            // The other one does not notice.
            assert_eq!(verdict(one, &lives.access_token).await, Ok(()));

            way_of_two.set(Way::Open);
            let took = until("the recovery", || works(two, &lives.access_token)).await;
            assert!(took < RECOVERY, "{kind:?} {way:?}: {took:?}");
            is_heard_of(two, &revoked.access_token, acknowledged).await;
            let refreshed = || async {
                let answer = two.refresh(&lives.refresh_token, Some("key")).await;
                assert_ne!(answer.status(), 400, "{kind:?} {way:?}: signed out");
                answer.status() == 200
            };
            until("a refresh", refreshed).await;
        }
    }
}

/// Waits until this server knows of a revocation. Until it has news it takes the token, for no
/// longer than it may.
pub(super) async fn is_heard_of(app: &TestApp, access_token: &str, acknowledged: Instant) {
    let known = || async {
        let late = acknowledged.elapsed() > STALENESS;
        let answer = app.get_as("/api/me", access_token).await;
        let status = answer.status().as_u16();
        assert!(!(late && status == 200), "a revoked token was taken");
        status == 401
    };
    until("the revocation", known).await;
    assert_eq!(
        verdict(app, access_token).await,
        Err("token_revoked".into())
    );
}

/// What everybody does while the store comes and goes.
struct Load {
    over: AtomicBool,
    refreshed: AtomicUsize,
    refused: AtomicUsize,
    revoked: Mutex<Vec<(String, Instant)>>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_load_nobody_is_signed_out_and_nothing_revoked_comes_through() {
    for kind in KINDS {
        let mut cluster = Cluster::impatient(kind).await;
        let load = Arc::new(Load {
            over: AtomicBool::new(false),
            refreshed: AtomicUsize::new(0),
            refused: AtomicUsize::new(0),
            revoked: Mutex::default(),
        });
        let callers = [cluster.one.caller.clone(), cluster.two.caller.clone()];
        let mut tasks = JoinSet::new();
        for number in 0..4 {
            let signed_in = cluster
                .one
                .sign_in_as(&format!("{number}@example.com"))
                .await;
            tasks.spawn(refresh_on_and_on(
                callers.clone(),
                signed_in,
                Arc::clone(&load),
            ));
        }
        let mut to_revoke = Vec::new();
        for _ in 0..30 {
            to_revoke.push(cluster.one.sign_in().await);
        }
        tasks.spawn(revoke_one_by_one(
            callers[0].clone(),
            to_revoke,
            Arc::clone(&load),
        ));
        tasks.spawn(try_the_revoked(callers.clone(), Arc::clone(&load)));

        let some = |count: usize| {
            let (load, begun) = (Arc::clone(&load), load.refreshed.load(Ordering::SeqCst));
            async move {
                let enough = || async { load.refreshed.load(Ordering::SeqCst) >= begun + count };
                until("refreshes", enough).await;
            }
        };
        some(8).await;
        for bytes in [1, 7, 40, 150, 400, 900] {
            cluster.ways[1].cut_after(bytes);
            some(4).await;
        }
        let refusals = || {
            let (load, before) = (Arc::clone(&load), load.refused.load(Ordering::SeqCst));
            async move {
                let more = || async { load.refused.load(Ordering::SeqCst) > before };
                until("refusals", more).await;
            }
        };
        for way in [Way::Cut, Way::Silent] {
            cluster.ways[1].set(way);
            refusals().await;
            cluster.ways[1].set(Way::Open);
            some(8).await;
        }
        cluster.database.process().pause().expect("paused");
        refusals().await;
        cluster.database.process().resume().expect("resumed");
        some(8).await;
        cluster.database.process().kill().expect("killed");
        cluster.database.start_again().expect("started");
        some(8).await;
        let enough = || async { load.revoked.lock().await.len() > 5 };
        until("revocations", enough).await;
        load.over.store(true, Ordering::SeqCst);
        tasks.join_all().await;
    }
}

/// An honest client: what was not answered, or with 503, is asked again with the same key.
async fn refresh_on_and_on(callers: [ApiClient; 2], mut tokens: TokenResponse, load: Arc<Load>) {
    let mut turn = 0;
    while !load.over.load(Ordering::SeqCst) {
        let key = format!("key-{}", load.refreshed.load(Ordering::SeqCst));
        let key = format!("{key}-{turn}");
        tokens = loop {
            turn += 1;
            let answer = callers[turn % 2]
                .refresh(&tokens.refresh_token, Some(&key))
                .await;
            match answer.status().as_u16() {
                200 => break latchkey_testing::tokens(answer).await,
                503 => {
                    load.refused.fetch_add(1, Ordering::SeqCst);
                    sleep(Duration::from_millis(20)).await;
                }
                other => panic!("{other}: {}", answer.text().await.expect("text")),
            }
        };
        load.refreshed.fetch_add(1, Ordering::SeqCst);
        sleep(Duration::from_millis(10)).await;
    }
}

async fn revoke_one_by_one(caller: ApiClient, sessions: Vec<TokenResponse>, load: Arc<Load>) {
    for tokens in sessions {
        while !load.over.load(Ordering::SeqCst) {
            let request = caller.post("/auth/revoke");
            let answer = request
                .form(&[("token", &tokens.refresh_token)])
                .send()
                .await;
            if answer.expect("an answer").status() == 200 {
                let revoked = (tokens.access_token.clone(), Instant::now());
                load.revoked.lock().await.push(revoked);
                break;
            }
            sleep(Duration::from_millis(20)).await;
        }
        sleep(Duration::from_millis(150)).await;
    }
}

async fn try_the_revoked(callers: [ApiClient; 2], load: Arc<Load>) {
    while !load.over.load(Ordering::SeqCst) {
        let revoked = load.revoked.lock().await.clone();
        for (token, acknowledged) in revoked.iter().rev().take(5) {
            for (caller, delay) in [(&callers[0], Duration::ZERO), (&callers[1], STALENESS)] {
                let late = acknowledged.elapsed() > delay;
                let status = caller.get_as("/api/me", token).await.status();
                assert!(!late || status != 200, "a revoked token was taken");
            }
        }
        sleep(Duration::from_millis(10)).await;
    }
}
