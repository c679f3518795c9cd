//! Caches the health of the store for a second: the readiness endpoint is public, and its requests
//! should not all reach a shared store.

use core::time::Duration;

use latchkey_store::StoreError;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// How long a result is cached.
const MAX_AGE: Duration = Duration::from_secs(1);

/// The store's latest health check.
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
    /// The cached result if it is fresh, otherwise that of `check`. Concurrent callers share one
    /// check.
    pub async fn of(
        &self,
        check: impl Future<Output = Result<(), StoreError>>,
    ) -> Result<(), String> {
        let mut last = self.last.lock().await;
        if let Some((at, result)) = &*last
            && at.elapsed() < self.max_age
        {
            return result.clone();
        }
        let result = check.await.map_err(|error| error.to_string());
        *last = Some((Instant::now(), result.clone()));
        result
    }
}

#[cfg(test)]
mod tests {
    use core::sync::atomic::{AtomicU32, Ordering};

    use futures_util::future::join_all;

    use super::*;

    async fn checks(max_age: Duration) -> u32 {
        let readiness = Readiness {
            max_age,
            ..Readiness::default()
        };
        let checks = AtomicU32::new(0);
        let check = || async {
            checks.fetch_add(1, Ordering::Relaxed);
            tokio::task::yield_now().await;
            Err(StoreError::Unavailable("it does not respond".to_owned()))
        };
        let results = join_all((0..50).map(|_| readiness.of(check()))).await;
        for result in results {
            assert!(result.expect_err("it is down").contains("does not respond"));
        }
        checks.into_inner()
    }

    #[tokio::test]
    async fn concurrent_callers_share_one_check() {
        assert_eq!(checks(Duration::MAX).await, 1);
        assert_eq!(checks(Duration::ZERO).await, 50);
    }
}
