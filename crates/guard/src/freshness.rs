//! How recent the denylist is where a store is shared with other servers.
//!
//! Revocations made by other servers arrive through the store's change feed. A server that has not
//! received them for too long must refuse access tokens: one of them may be revoked by now.

use core::time::Duration;
use std::sync::Arc;
use std::time::Instant;

use arc_swap::ArcSwap;
use latchkey_core::Timestamp;

/// A moment by two clocks. The wall clock can be set and the monotonic clock may stop while the
/// machine sleeps, so the one that shows more elapsed time counts.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    wall: Timestamp,
    monotonic: Instant,
}

impl Moment {
    /// The present; `wall` is read from the wall clock.
    pub fn now(wall: Timestamp) -> Self {
        Self {
            wall,
            monotonic: Instant::now(),
        }
    }

    fn since(self, earlier: Self) -> Duration {
        let monotonic = self.monotonic.saturating_duration_since(earlier.monotonic);
        monotonic.max(self.wall.since(earlier.wall))
    }
}

/// The denylist is out of date: a revocation made elsewhere may be missing, so tokens are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no news from the store for more than {limit:?}, so a revocation may be missing")]
pub struct StaleDenylist {
    limit: Duration,
}

/// When the denylist was last brought up to date, and for how long that is good enough.
#[derive(Debug)]
pub enum Freshness {
    /// An embedded store has no other writers, so the denylist is always up to date.
    Embedded,
    /// A store that other servers write to.
    Shared {
        /// The longest time without news.
        limit: Duration,
        /// When the latest answered request for news was sent.
        synced: ArcSwap<Moment>,
    },
}

impl Freshness {
    /// For a shared store, up to date as of `synced`.
    pub fn shared(limit: Duration, synced: Moment) -> Self {
        Self::Shared {
            limit,
            synced: ArcSwap::from_pointee(synced),
        }
    }

    /// How long to wait for news before asking again. An empty answer is two waits old when the next
    /// one arrives, and a server without news must not look disconnected.
    pub fn wait(&self) -> Duration {
        const LONGEST: Duration = Duration::from_millis(500);
        match self {
            Self::Embedded => LONGEST,
            Self::Shared { limit, .. } => LONGEST.min(*limit / 5),
        }
    }

    /// Records that everything committed before this moment is in the denylist.
    pub fn mark_synced(&self, asked: Moment) {
        if let Self::Shared { synced, .. } = self {
            synced.store(Arc::new(asked));
        }
    }

    /// Fails if the denylist is too old to accept tokens.
    pub fn check(&self, now: Timestamp) -> Result<(), StaleDenylist> {
        let Self::Shared { limit, synced } = self else {
            return Ok(());
        };
        // On the path of every request: lock-free.
        if Moment::now(now).since(**synced.load()) <= *limit {
            Ok(())
        } else {
            Err(StaleDenylist { limit: *limit })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_without_news_stays_fresh_between_two_answers() {
        for seconds in 1..=60 {
            let limit = Duration::from_secs(seconds);
            let freshness = Freshness::shared(limit, Moment::now(Timestamp::default()));
            // An answer counts from when it was requested: two waits, and as much again in transit.
            assert!(freshness.wait() * 4 < limit, "{limit:?}");
        }
    }
}
