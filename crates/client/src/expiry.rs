//! When to refresh ahead of expiry. Pure: both clocks are parameters, in milliseconds.
//!
//! The expiry of a token that this page received is measured with the monotonic clock, because
//! changes to the system time do not affect that clock. For a token read from storage, only the
//! wall clock is available.

use crate::tokens::Tokens;

/// Whether an access token is fresh, due for a refresh, or expired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExpiryStatus {
    /// Valid; to be refreshed in this many milliseconds.
    Fresh(u64),
    /// About to expire.
    Due,
    /// Expired.
    Expired,
}

/// The expiry of one access token on the monotonic clock, in milliseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Deadline {
    access_token: String,
    lifetime: u64,
    expires_at: u64,
}

impl Deadline {
    /// For tokens that were requested at `monotonic`.
    pub(crate) fn from_response(tokens: &Tokens, monotonic: u64) -> Self {
        Self {
            access_token: tokens.access_token.clone(),
            lifetime: tokens.access_lifetime,
            expires_at: monotonic.saturating_add(tokens.access_lifetime),
        }
    }

    /// For tokens read from storage, when the clocks showed `wall` and `monotonic`.
    pub(crate) fn from_storage(tokens: &Tokens, wall: u64, monotonic: u64) -> Self {
        let left = tokens.access_expires_at.saturating_sub(wall);
        let (lifetime, left) = match tokens.access_lifetime {
            0 => (left, left),
            // If the time left exceeds the lifetime, the wall clock was set back.
            lifetime => (lifetime, left.min(lifetime)),
        };
        Self {
            access_token: tokens.access_token.clone(),
            lifetime,
            expires_at: monotonic.saturating_add(left),
        }
    }

    /// The earlier of two deadlines for the same token.
    #[must_use]
    pub(crate) fn or_earlier(self, other: &Self) -> Self {
        Self {
            expires_at: self.expires_at.min(other.expires_at),
            ..self
        }
    }

    /// Whether this is the deadline of the given access token.
    pub(crate) fn is_for(&self, tokens: &Tokens) -> bool {
        self.access_token == tokens.access_token
    }

    /// The status of the token at `monotonic`.
    pub(crate) fn status(&self, monotonic: u64) -> ExpiryStatus {
        let due = self.expires_at.saturating_sub(margin(self.lifetime));
        if monotonic >= self.expires_at {
            ExpiryStatus::Expired
        } else if monotonic >= due {
            ExpiryStatus::Due
        } else {
            ExpiryStatus::Fresh(due - monotonic)
        }
    }
}

/// How long before expiry a token is refreshed: a tenth of its lifetime, at most 30 seconds.
fn margin(lifetime: u64) -> u64 {
    (lifetime / 10).min(30_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(lifetime: u64, expires_at: u64) -> Tokens {
        Tokens {
            access_token: "a".to_owned(),
            refresh_token: "r".to_owned(),
            access_expires_at: expires_at,
            refresh_expires_at: 0,
            access_lifetime: lifetime,
            account: None,
            bound: false,
            key: None,
            nonce: None,
        }
    }

    #[test]
    fn margin_is_a_tenth_of_the_lifetime_and_at_most_30_seconds() {
        assert_eq!(margin(5_000), 500);
        assert_eq!(margin(60_000), 6_000);
        assert_eq!(margin(600_000), 30_000);
    }

    #[test]
    fn a_received_token_expires_by_the_monotonic_clock() {
        let deadline = Deadline::from_response(&tokens(60_000, 0), 1_000);
        assert_eq!(deadline.status(1_000), ExpiryStatus::Fresh(54_000));
        assert_eq!(deadline.status(55_000), ExpiryStatus::Due);
        assert_eq!(deadline.status(60_999), ExpiryStatus::Due);
        assert_eq!(deadline.status(61_000), ExpiryStatus::Expired);
    }

    #[test]
    fn a_stored_token_expires_by_the_wall_clock() {
        let deadline = Deadline::from_storage(&tokens(60_000, 100_000), 70_000, 5);
        assert_eq!(deadline.status(5), ExpiryStatus::Fresh(24_000));
        let late = Deadline::from_storage(&tokens(60_000, 100_000), 200_000, 5);
        assert_eq!(late.status(5), ExpiryStatus::Expired);
    }

    #[test]
    fn a_clock_set_back_does_not_extend_the_lifetime() {
        let deadline = Deadline::from_storage(&tokens(60_000, 100_000_000), 0, 0);
        assert_eq!(deadline.status(0), ExpiryStatus::Fresh(54_000));
    }

    #[test]
    fn if_the_lifetime_is_unknown_the_time_left_is_used() {
        let deadline = Deadline::from_storage(&tokens(0, 10_000), 0, 0);
        assert_eq!(deadline.status(0), ExpiryStatus::Fresh(9_000));
    }

    #[test]
    fn a_deadline_belongs_to_one_token() {
        let deadline = Deadline::from_response(&tokens(1, 1), 0);
        let mut other = tokens(1, 1);
        assert!(deadline.is_for(&other));
        other.access_token = "b".to_owned();
        assert!(!deadline.is_for(&other));
    }

    #[test]
    fn after_a_sleep_the_earlier_deadline_applies() {
        let known = Deadline::from_response(&tokens(60_000, 0), 0);
        let found = Deadline::from_storage(&tokens(60_000, 100_000), 90_000, 0);
        assert_eq!(
            known.or_earlier(&found).status(0),
            ExpiryStatus::Fresh(4_000)
        );
    }
}
