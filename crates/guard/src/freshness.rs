//! The age of the denylist, if several servers share a store.
//!
//! Revocations made by other servers arrive through the store's change feed. A server that has been
//! disconnected from the feed for too long must refuse access tokens, because some may be revoked.

use core::time::Duration;
use std::sync::Arc;
use std::time::Instant;

use arc_swap::ArcSwap;
use latchkey_core::Timestamp;

/// A point in time by two clocks. The wall clock can be set, and the monotonic clock may stop while
/// the machine sleeps, so the clock that shows more elapsed time counts.
#[derive(Clone, Copy, Debug)]
pub struct ClockReading {
    wall: Timestamp,
    monotonic: Instant,
}

impl ClockReading {
    /// Reads the monotonic clock; `wall` is the current time of the wall clock.
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

/// The denylist is out of date, so tokens are refused: a revocation by another server may be
/// missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no response from the store for more than {limit:?}, so revocations may be missing")]
pub struct StaleDenylist {
    limit: Duration,
}

/// When the denylist was last synchronized with the store, and how old it may become.
#[derive(Debug)]
pub enum Freshness {
    /// An embedded store has no other writers, so the denylist is always up to date.
    Embedded,
    /// A store that other servers write to.
    Shared {
        /// The maximum age of the denylist.
        limit: Duration,
        /// When the latest successful request for changes was sent.
        synced: ArcSwap<ClockReading>,
    },
}

impl Freshness {
    /// For a shared store, synchronized at `synced`.
    pub fn shared(limit: Duration, synced: ClockReading) -> Self {
        Self::Shared {
            limit,
            synced: ArcSwap::from_pointee(synced),
        }
    }

    /// How long the store may wait for changes before it responds that there are none. The age of the
    /// denylist counts from the latest request that succeeded, so without changes it reaches twice
    /// this duration. An idle server must not appear disconnected, so this is well below the limit.
    pub fn wait(&self) -> Duration {
        const MAX_WAIT: Duration = Duration::from_millis(500);
        match self {
            Self::Embedded => MAX_WAIT,
            Self::Shared { limit, .. } => MAX_WAIT.min(*limit / 5),
        }
    }

    /// Records that everything committed before `requested_at` is in the denylist.
    pub fn mark_synced(&self, requested_at: ClockReading) {
        if let Self::Shared { synced, .. } = self {
            synced.store(Arc::new(requested_at));
        }
    }

    /// How long ago the denylist was last up to date; zero for an embedded store.
    pub fn age(&self, now: Timestamp) -> Duration {
        match self {
            Self::Embedded => Duration::ZERO,
            Self::Shared { synced, .. } => ClockReading::now(now).since(**synced.load()),
        }
    }

    /// Fails if the denylist is too old to accept tokens.
    pub fn check(&self, now: Timestamp) -> Result<(), StaleDenylist> {
        let Self::Shared { limit, .. } = self else {
            return Ok(());
        };
        // Every request runs this, so it takes no lock.
        if self.age(now) <= *limit {
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
    fn the_denylist_stays_fresh_between_two_empty_responses() {
        for seconds in 1..=60 {
            let limit = Duration::from_secs(seconds);
            let freshness = Freshness::shared(limit, ClockReading::now(Timestamp::default()));
            // The age reaches twice the wait. As much again is left for network delays.
            assert!(freshness.wait() * 4 < limit, "{limit:?}");
        }
    }
}
