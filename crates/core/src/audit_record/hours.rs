//! Counts of what happened in an hour.

use serde::{Deserialize, Serialize};

/// How many things of each kind happened in an hour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct HourCounts {
    /// Sign-ins.
    pub sign_ins: u64,
    /// Refused sign-ins.
    pub sign_ins_refused: u64,
    /// Refreshes, repeated ones included.
    pub refreshes: u64,
    /// Refused refreshes, replays included.
    pub refreshes_refused: u64,
    /// Replays of a refresh token.
    pub replays: u64,
    /// Live sessions that were ended.
    pub sessions_ended: u64,
}

impl HourCounts {
    /// Applies a function to each pair of counts.
    #[must_use]
    pub fn combined(self, other: Self, combine: fn(u64, u64) -> u64) -> Self {
        Self {
            sign_ins: combine(self.sign_ins, other.sign_ins),
            sign_ins_refused: combine(self.sign_ins_refused, other.sign_ins_refused),
            refreshes: combine(self.refreshes, other.refreshes),
            refreshes_refused: combine(self.refreshes_refused, other.refreshes_refused),
            replays: combine(self.replays, other.replays),
            sessions_ended: combine(self.sessions_ended, other.sessions_ended),
        }
    }
}

/// How long the counts of an hour are kept.
pub const HOUR_RETENTION: core::time::Duration = core::time::Duration::from_hours(30 * 24);
