//! The time up to which records may be deleted.
//!
//! If the wall clock is set ahead by mistake, denials must not be deleted: once the clock is
//! corrected, their tokens would be valid again. Sweeps therefore use a separate clock. It
//! continues from the time of the last sweep at the speed of the monotonic clock, and catches up
//! with the wall clock once that has been stable for an hour.

use core::time::Duration;

use latchkey_core::Timestamp;

/// How long the wall clock must be stable before it is trusted.
const STABLE_FOR: Duration = Duration::from_hours(1);
/// The largest correction after which the wall clock still counts as stable.
const TOLERANCE: Duration = Duration::from_mins(1);

/// The clock that sweeps use.
#[derive(Debug)]
pub(super) struct SweepClock {
    now: Timestamp,
    /// The monotonic time of the last call of `advance`.
    read_at: Duration,
    /// When the wall clock became stable: the readings of the wall clock and the monotonic clock.
    stable_since: (Timestamp, Duration),
}

impl SweepClock {
    /// Continues from the last sweep; `elapsed` is read from a monotonic clock.
    pub(super) fn new(swept_until: Timestamp, wall: Timestamp, elapsed: Duration) -> Self {
        Self {
            now: swept_until,
            read_at: elapsed,
            stable_since: (wall, elapsed),
        }
    }

    /// Advances the clock and returns the time up to which records may be deleted.
    pub(super) fn advance(&mut self, wall: Timestamp, elapsed: Duration) -> Timestamp {
        let (stable_wall, stable_elapsed) = self.stable_since;
        let age = elapsed.saturating_sub(stable_elapsed);
        let expected = stable_wall.plus(age);
        if wall.since(expected) > TOLERANCE || expected.since(wall) > TOLERANCE {
            self.stable_since = (wall, elapsed);
        } else if age >= STABLE_FOR {
            self.now = self.now.max(wall);
        }
        let passed = elapsed.saturating_sub(self.read_at);
        self.read_at = elapsed;
        // A clock that is ahead of the wall clock waits for it.
        let next = self.now.plus(passed);
        if next <= wall {
            self.now = next;
        }
        self.now.min(wall)
    }
}

#[cfg(test)]
mod tests;
