use core::time::Duration;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use latchkey_core::Timestamp;
use tokio::sync::Notify;
use tokio::task::yield_now;

use super::Cached;
use crate::error::ProviderError;

const TTL: Duration = Duration::from_hours(1);
const MIN_INTERVAL: Duration = Duration::from_mins(1);

fn at(secs: u64) -> Timestamp {
    Timestamp::from_secs(1_800_000_000 + secs)
}

/// Counts the fetches: the first document is 1.
#[derive(Default)]
struct Source(AtomicUsize);

impl Source {
    async fn next(&self) -> Result<usize, ProviderError> {
        yield_now().await;
        Ok(self.0.fetch_add(1, Ordering::SeqCst) + 1)
    }

    async fn fail(&self) -> Result<usize, ProviderError> {
        yield_now().await;
        self.0.fetch_add(1, Ordering::SeqCst);
        Err(ProviderError::Unavailable("down".to_owned()))
    }

    fn fetched(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

#[tokio::test]
async fn document_is_cached_for_its_ttl() {
    let (cached, source) = (Cached::default(), Source::default());
    for (secs, document) in [(0, 1), (3599, 1), (3600, 2), (3601, 2)] {
        let got = cached
            .get(at(secs), TTL, source.next())
            .await
            .expect("a document");
        assert_eq!(*got, document, "after {secs} s");
    }
}

#[tokio::test]
async fn document_is_fetched_again_after_the_clock_was_set_back() {
    let (cached, source) = (Cached::default(), Source::default());
    cached
        .get(at(100_000), TTL, source.next())
        .await
        .expect("a document");
    let got = cached
        .get(at(0), TTL, source.next())
        .await
        .expect("a document");
    assert_eq!(*got, 2);
}

#[tokio::test]
async fn failure_is_cached_for_three_seconds() {
    let (cached, source) = (Cached::default(), Source::default());
    assert!(cached.get(at(0), TTL, source.fail()).await.is_err());
    assert!(cached.get(at(2), TTL, source.next()).await.is_err());
    assert_eq!(source.fetched(), 1, "the failure is cached");
    assert!(cached.get(at(3), TTL, source.next()).await.is_ok());
}

#[tokio::test]
async fn concurrent_callers_share_one_request() {
    let cached = Arc::new(Cached::default());
    let (source, go) = (Arc::new(Source::default()), Arc::new(Notify::new()));
    let mut callers = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let (cached, source, go) = (cached.clone(), source.clone(), go.clone());
        callers.spawn(async move {
            let fetch = async {
                go.notified().await;
                source.next().await
            };
            cached.get(at(0), TTL, fetch).await.expect("a document")
        });
    }
    go.notify_one();
    assert!(
        callers
            .join_all()
            .await
            .iter()
            .all(|document| **document == 1)
    );
    assert_eq!(source.fetched(), 1);
}

#[tokio::test]
async fn canceled_fetch_does_not_block_the_next() {
    let (cached, source) = (Cached::default(), Source::default());
    let stuck = cached.get(at(0), TTL, core::future::pending());
    assert!(
        tokio::time::timeout(Duration::from_millis(10), stuck)
            .await
            .is_err()
    );
    assert!(cached.get(at(0), TTL, source.next()).await.is_ok());
}

#[tokio::test]
async fn security_10_refresh_happens_at_most_once_a_minute_and_is_shared() {
    let (cached, source) = (Cached::default(), Source::default());
    let first = cached
        .get(at(0), TTL, source.next())
        .await
        .expect("a document");
    let second = cached
        .refresh(&first, at(1), MIN_INTERVAL, source.next())
        .await
        .expect("no failure");
    let second = second.expect("newer");
    let also = cached
        .refresh(&first, at(1), MIN_INTERVAL, source.next())
        .await
        .expect("no failure");
    assert_eq!(
        also.as_deref(),
        Some(&2),
        "the other caller's document is used"
    );
    for secs in [2, 30, 60] {
        let none = cached
            .refresh(&second, at(secs), MIN_INTERVAL, source.next())
            .await
            .expect("no failure");
        assert!(none.is_none(), "after {secs} s");
    }
    assert_eq!(source.fetched(), 2);
    assert!(
        cached
            .refresh(&second, at(61), MIN_INTERVAL, source.fail())
            .await
            .is_err()
    );
    let shared = cached
        .refresh(&second, at(62), MIN_INTERVAL, source.next())
        .await;
    assert!(shared.is_err(), "the failure is cached");
    assert_eq!(source.fetched(), 3);
    let stuck = cached.refresh(&second, at(64), MIN_INTERVAL, core::future::pending());
    let canceled = tokio::time::timeout(Duration::from_millis(10), stuck).await;
    assert!(canceled.is_err());
    let third = cached
        .refresh(&second, at(64), MIN_INTERVAL, source.next())
        .await;
    let third = third.expect("no failure");
    assert_eq!(
        third.as_deref(),
        Some(&4),
        "neither a failed nor a canceled fetch starts the interval"
    );
}
