//! Whether this server can serve requests: the store answers, denials are known up to the present
//! and the clock is right. Anyone may ask, so the store's answer is kept for a second.

use core::time::Duration;

use latchkey_store::StoreError;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::state::State;

/// How long the store's answer is kept.
const MAX_AGE: Duration = Duration::from_secs(1);

/// The reasons why requests cannot be served now; none if they can.
pub async fn obstacles(state: &State) -> Vec<String> {
    let mut obstacles = Vec::new();
    if let Err(reason) = state.readiness.of(state.store.health()).await {
        obstacles.push(reason);
    }
    let now = state.clock.now();
    if let Err(stale) = state.freshness.check(now) {
        obstacles.push(stale.to_string());
    }
    let swept_until = state.denylist.swept_until();
    if now < swept_until {
        let behind = swept_until.since(now).as_secs();
        obstacles.push(format!(
            "the system clock was moved back by {behind} s; correct it"
        ));
    }
    obstacles
}

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
