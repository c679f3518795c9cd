//! The time up to which records may be freed.
//!
//! A clock that is set ahead by mistake must not free denials: once it is set right, their tokens
//! would be good again. So the sweeps have a time of their own. It goes on from the last sweep as
//! fast as time passes, and catches up with the clock when that has run evenly for an hour.

use core::time::Duration;

use latchkey_core::Timestamp;

/// How long a clock must run evenly until it is believed.
const TRIAL: Duration = Duration::from_hours(1);
/// By how much a clock may be corrected and still run evenly.
const TOLERANCE: Duration = Duration::from_mins(1);

/// The sweeps' time.
#[derive(Debug)]
pub(super) struct Settled {
    now: Timestamp,
    /// When it was last asked, on the clock that nobody sets.
    asked: Duration,
    /// Since when the other clock has run evenly: by both.
    even_since: (Timestamp, Duration),
}

impl Settled {
    /// Goes on from the last sweep; `elapsed` is read from a clock that nobody sets.
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
        } else if age >= TRIAL {
            self.now = self.now.max(wall);
        }
        let passed = elapsed.saturating_sub(self.asked);
        self.asked = elapsed;
        // What is ahead of the clock waits for it.
        let next = self.now.plus(passed);
        if next <= wall {
            self.now = next;
        }
        self.now.min(wall)
    }
}

#[cfg(test)]
mod tests;
