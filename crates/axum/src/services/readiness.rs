//! The health of the store, kept for a second: anyone may ask whether this server is ready, and a
//! shared store should not have to answer each time.

use core::time::Duration;

use latchkey_store::StoreError;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// How long the store's answer is kept.
const MAX_AGE: Duration = Duration::from_secs(1);

/// The store's last answer.
#[derive(Debug)]
pub struct Readiness {
    max_age: Duration,
    last: Mutex<Option<(Instant, Result<(), String>)>>,
}

impl Default for Readiness {
    fn default() -> Self {
        Self {
            max_age: MAX_AGE,
            last: Mutex::new(None),
        }
    }
}

impl Readiness {
    /// The last answer if it is fresh; otherwise the one that `ask` gives. Callers that come while
    /// the store is being asked wait for the same answer.
    pub async fn of(
        &self,
        ask: impl Future<Output = Result<(), StoreError>>,
    ) -> Result<(), String> {
        let mut last = self.last.lock().await;
        if let Some((at, answer)) = &*last
            && at.elapsed() < self.max_age
        {
            return answer.clone();
        }
        let answer = ask.await.map_err(|error| error.to_string());
        *last = Some((Instant::now(), answer.clone()));
        answer
    }
}

#[cfg(test)]
mod tests {
    use core::sync::atomic::{AtomicU32, Ordering};

    use futures_util::future::join_all;

    use super::*;

    async fn asked(max_age: Duration) -> u32 {
        let readiness = Readiness {
            max_age,
            ..Readiness::default()
        };
        let asked = AtomicU32::new(0);
        let ask = || async {
            asked.fetch_add(1, Ordering::Relaxed);
            tokio::task::yield_now().await;
            Err(StoreError::Unavailable("it does not answer".to_owned()))
        };
        let answers = join_all((0..50).map(|_| readiness.of(ask()))).await;
        for answer in answers {
            assert!(answer.expect_err("it is down").contains("does not answer"));
        }
        asked.into_inner()
    }

    #[tokio::test]
    async fn fifty_callers_at_once_ask_the_store_once() {
        assert_eq!(asked(Duration::MAX).await, 1);
        assert_eq!(asked(Duration::ZERO).await, 50);
    }
}
