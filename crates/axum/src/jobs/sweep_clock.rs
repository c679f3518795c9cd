//! The time up to which records may be freed.
//!
//! A clock that is set ahead by mistake must not free denials: once it is corrected, their tokens would
//! be valid again. So the sweeps have a clock of their own. It continues from the last sweep as fast as
//! time passes, and catches up with the wall clock once that has run evenly for an hour.

use core::time::Duration;

use latchkey_core::Timestamp;

/// How long the wall clock must run evenly before it is trusted.
const STABLE_FOR: Duration = Duration::from_hours(1);
/// The largest correction that still counts as running evenly.
const TOLERANCE: Duration = Duration::from_mins(1);

/// The clock of the sweeps.
#[derive(Debug)]
pub(super) struct SweepClock {
    now: Timestamp,
    /// When it was last read, by the monotonic clock.
    asked: Duration,
    /// Since when the wall clock has run evenly, by both clocks.
    even_since: (Timestamp, Duration),
}

impl SweepClock {
    /// Continues from the last sweep; `elapsed` is read from a monotonic clock.
    pub(super) fn new(swept_until: Timestamp, wall: Timestamp, elapsed: Duration) -> Self {
        Self {
            now: swept_until,
            asked: elapsed,
            even_since: (wall, elapsed),
        }
    }

    /// The moment up to which records may be freed.
    pub(super) fn advance(&mut self, wall: Timestamp, elapsed: Duration) -> Timestamp {
        let (begun, begun_at) = self.even_since;
        let age = elapsed.saturating_sub(begun_at);
        let expected = begun.plus(age);
        if wall.since(expected) > TOLERANCE || expected.since(wall) > TOLERANCE {
            self.even_since = (wall, elapsed);
        } else if age >= STABLE_FOR {
            self.now = self.now.max(wall);
        }
        let passed = elapsed.saturating_sub(self.asked);
        self.asked = elapsed;
        // A time ahead of the wall clock waits for it.
        let next = self.now.plus(passed);
        if next <= wall {
            self.now = next;
        }
        self.now.min(wall)
    }
}

#[cfg(test)]
mod tests;
