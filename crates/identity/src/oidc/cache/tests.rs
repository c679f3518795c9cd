use core::time::Duration;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use latchkey_core::Timestamp;
use tokio::sync::Notify;
use tokio::task::yield_now;

use super::Cached;
use crate::error::Fault;

const LIFE: Duration = Duration::from_hours(1);
const PAUSE: Duration = Duration::from_mins(1);

fn at(secs: u64) -> Timestamp {
    Timestamp::from_secs(1_800_000_000 + secs)
}

/// Counts what is fetched: the first document is 1.
#[derive(Default)]
struct Source(AtomicUsize);

impl Source {
    async fn next(&self) -> Result<usize, Fault> {
        yield_now().await;
        Ok(self.0.fetch_add(1, Ordering::SeqCst) + 1)
    }

    async fn fail(&self) -> Result<usize, Fault> {
        yield_now().await;
        self.0.fetch_add(1, Ordering::SeqCst);
        Err(Fault::Unavailable("down".to_owned()))
    }

    fn fetched(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

#[tokio::test]
async fn a_document_is_kept_for_its_life() {
    let (cached, source) = (Cached::default(), Source::default());
    for (secs, document) in [(0, 1), (3599, 1), (3600, 2), (3601, 2)] {
        let got = cached
            .get(at(secs), LIFE, source.next())
            .await
            .expect("a document");
        assert_eq!(*got, document, "after {secs} s");
    }
}

#[tokio::test]
async fn a_clock_set_back_makes_a_document_old_and_not_immortal() {
    let (cached, source) = (Cached::default(), Source::default());
    cached
        .get(at(100_000), LIFE, source.next())
        .await
        .expect("a document");
    let got = cached
        .get(at(0), LIFE, source.next())
        .await
        .expect("a document");
    assert_eq!(*got, 2);
}

#[tokio::test]
async fn a_failure_is_remembered_for_seconds_only() {
    let (cached, source) = (Cached::default(), Source::default());
    assert!(cached.get(at(0), LIFE, source.fail()).await.is_err());
    assert!(cached.get(at(2), LIFE, source.next()).await.is_err());
    assert_eq!(source.fetched(), 1, "not asked again at once");
    assert!(cached.get(at(3), LIFE, source.next()).await.is_ok());
}

#[tokio::test]
async fn whoever_asks_meanwhile_shares_the_request() {
    let cached = Arc::new(Cached::default());
    let (source, go) = (Arc::new(Source::default()), Arc::new(Notify::new()));
    let mut crowd = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let (cached, source, go) = (cached.clone(), source.clone(), go.clone());
        crowd.spawn(async move {
            let fetch = async {
                go.notified().await;
                source.next().await
            };
            cached.get(at(0), LIFE, fetch).await.expect("a document")
        });
    }
    go.notify_one();
    assert!(
        crowd
            .join_all()
            .await
            .iter()
            .all(|document| **document == 1)
    );
    assert_eq!(source.fetched(), 1);
}

#[tokio::test]
async fn a_request_given_up_half_way_does_not_block_the_next() {
    let (cached, source) = (Cached::default(), Source::default());
    let stuck = cached.get(at(0), LIFE, core::future::pending());
    assert!(
        tokio::time::timeout(Duration::from_millis(10), stuck)
            .await
            .is_err()
    );
    assert!(cached.get(at(0), LIFE, source.next()).await.is_ok());
}

#[tokio::test]
async fn security_10_renewing_happens_once_a_minute_and_others_profit() {
    let (cached, source) = (Cached::default(), Source::default());
    let first = cached
        .get(at(0), LIFE, source.next())
        .await
        .expect("a document");
    let second = cached
        .renew(&first, at(1), PAUSE, source.next())
        .await
        .expect("no failure");
    let second = second.expect("newer");
    let also = cached
        .renew(&first, at(1), PAUSE, source.next())
        .await
        .expect("no failure");
    assert_eq!(also.as_deref(), Some(&2), "somebody else's renewal serves");
    for secs in [2, 30, 60] {
        let none = cached
            .renew(&second, at(secs), PAUSE, source.next())
            .await
            .expect("no failure");
        assert!(none.is_none(), "after {secs} s");
    }
    assert_eq!(source.fetched(), 2);
    assert!(
        cached
            .renew(&second, at(61), PAUSE, source.fail())
            .await
            .is_err()
    );
    let shared = cached.renew(&second, at(62), PAUSE, source.next()).await;
    assert!(shared.is_err(), "a failure is remembered for seconds");
    assert_eq!(source.fetched(), 3);
    let stuck = cached.renew(&second, at(64), PAUSE, core::future::pending());
    let given_up = tokio::time::timeout(Duration::from_millis(10), stuck).await;
    assert!(given_up.is_err());
    let third = cached.renew(&second, at(64), PAUSE, source.next()).await;
    let third = third.expect("no failure");
    assert_eq!(third.as_deref(), Some(&4), "neither starts the pause");
}
