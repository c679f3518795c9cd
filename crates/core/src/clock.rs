//! Points in time, and the source of the current one. No system clock is read here.

use core::fmt;
use core::time::Duration;

use serde::{Deserialize, Serialize};

/// A point in time: milliseconds since the Unix epoch, 1970-01-01T00:00:00Z.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Timestamp(u64);

impl Timestamp {
    /// The time `millis` milliseconds after the Unix epoch.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// The time `secs` seconds after the Unix epoch, the unit of JWT claims.
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs.saturating_mul(1000))
    }

    /// Milliseconds since the Unix epoch.
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// Whole seconds since the Unix epoch, rounded down: a `NumericDate` of RFC 7519 §2.
    pub const fn as_secs(self) -> u64 {
        self.0 / 1000
    }

    /// This time rounded down to a whole second, the precision of a JWT claim.
    #[must_use]
    pub const fn floor_to_second(self) -> Self {
        Self(self.0 - self.0 % 1000)
    }

    /// This time plus `duration`; the latest representable time on overflow.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(millis))
    }

    /// This time minus `duration`; the Unix epoch on underflow.
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        Self(self.0.saturating_sub(millis))
    }

    /// This time in UTC, rounded down to a second, such as `2027-01-31T12:00:00Z` (RFC 3339).
    pub fn to_utc(self) -> String {
        let secs = self.as_secs();
        let (days, time) = (secs / 86_400, secs % 86_400);
        // Days since 0000-03-01, so that the leap day is the last day of a year; an era has 400
        // years.
        let days = days + 719_468;
        let (era, day) = (days / 146_097, days % 146_097);
        let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
        let day = day - (365 * year + year / 4 - year / 100);
        let month = (5 * day + 2) / 153;
        let date = day - (153 * month + 2) / 5 + 1;
        let (year, month) = match month {
            0..10 => (era * 400 + year, month + 3),
            _ => (era * 400 + year + 1, month - 9),
        };
        let [hour, minute, second] = [time / 3600, time / 60 % 60, time % 60];
        format!("{year:04}-{month:02}-{date:02}T{hour:02}:{minute:02}:{second:02}Z")
    }

    /// The duration from `earlier` to this time; zero if `earlier` is later.
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ms after the Unix epoch", self.0)
    }
}

/// A source of the current time: the system clock in the server, a clock set by hand in tests.
pub trait Clock: Send + Sync {
    /// The current time.
    fn now(&self) -> Timestamp;
}

#[cfg(test)]
mod tests {
    use super::Timestamp;

    #[test]
    fn times_are_written_in_utc() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_800_000_000, "2027-01-15T08:00:00Z"),
            (1_830_297_599, "2027-12-31T23:59:59Z"),
            (4_107_542_399, "2100-02-28T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(Timestamp::from_secs(seconds).to_utc(), text);
        }
        assert!(!Timestamp::from_millis(u64::MAX).to_utc().is_empty());
    }
}
