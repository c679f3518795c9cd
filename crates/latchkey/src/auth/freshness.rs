//! How long ago this server heard from a store that others share.
//!
//! What was revoked on another machine comes by the store's feed. A server that does not hear from
//! it for too long must not take tokens any more: one of them may be revoked by now.

use core::time::Duration;
use std::sync::Arc;
use std::time::Instant;

use arc_swap::ArcSwap;
use latchkey_core::Timestamp;

/// A moment by two clocks. One of them can be set, the other may stand still while the machine
/// sleeps: whichever says that more time has passed is believed.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    wall: Timestamp,
    monotonic: Instant,
}

impl Moment {
    /// The present, `wall` by the clock that can be set.
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

/// Requests are refused: this server may have missed a revocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("nothing was heard from the store for more than {limit:?}")]
pub struct Stale {
    limit: Duration,
}

/// When something was last heard, and for how long that lasts.
#[derive(Debug)]
pub enum Freshness {
    /// Of a store that nobody else writes to nothing is to be heard.
    Embedded,
    /// Of one that others share.
    Shared {
        /// How long an answer lasts.
        limit: Duration,
        /// When the question was asked that was last answered.
        heard: ArcSwap<Moment>,
    },
}

impl Freshness {
    /// Of a shared store that was heard from just now.
    pub fn shared(limit: Duration, heard: Moment) -> Self {
        Self::Shared {
            limit,
            heard: ArcSwap::from_pointee(heard),
        }
    }

    /// For how long to wait for news before asking anew. An answer that has none is two waits old
    /// when the next one comes: a server that nobody tells anything must not look cut off.
    pub fn wait(&self) -> Duration {
        const LONGEST: Duration = Duration::from_millis(500);
        match self {
            Self::Embedded => LONGEST,
            Self::Shared { limit, .. } => LONGEST.min(*limit / 5),
        }
    }

    /// Everything that was committed before this moment is known here.
    pub fn heard(&self, asked: Moment) {
        if let Self::Shared { heard, .. } = self {
            heard.store(Arc::new(asked));
        }
    }

    /// Whether tokens can be taken.
    pub fn check(&self, now: Timestamp) -> Result<(), Stale> {
        let Self::Shared { limit, heard } = self else {
            return Ok(());
        };
        // Every request comes by here: none waits for another.
        if Moment::now(now).since(**heard.load()) <= *limit {
            Ok(())
        } else {
            Err(Stale { limit: *limit })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_nobody_tells_anything_is_fresh_between_two_answers() {
        for seconds in 1..=60 {
            let limit = Duration::from_secs(seconds);
            let freshness = Freshness::shared(limit, Moment::now(Timestamp::default()));
            // An answer counts from when it was asked for: two waits, and as much again for the way.
            assert!(freshness.wait() * 4 < limit, "{limit:?}");
        }
    }
}
