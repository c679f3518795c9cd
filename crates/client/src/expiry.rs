//! When to refresh ahead of expiry. Pure: both clocks come in as milliseconds.
//!
//! The end of a token that came here is measured with the monotonic clock, which no jump of the
//! system's time moves. For tokens found in storage only the wall clock is left.

use crate::tokens::Tokens;

/// How fresh an access token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Freshness {
    /// Good; to be refreshed in this many milliseconds.
    Good(u64),
    /// Near its end.
    Due,
    /// Past it.
    Past,
}

/// The end of one access token, by the monotonic clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Deadline {
    access_token: String,
    life: u64,
    end: u64,
}

impl Deadline {
    /// For tokens that were asked for at `monotonic`.
    pub(crate) fn received(tokens: &Tokens, monotonic: u64) -> Self {
        Self {
            access_token: tokens.access_token.clone(),
            life: tokens.access_life,
            end: monotonic.saturating_add(tokens.access_life),
        }
    }

    /// For tokens found in storage, at `wall` by the wall clock and `monotonic` by the other.
    pub(crate) fn found(tokens: &Tokens, wall: u64, monotonic: u64) -> Self {
        let left = tokens.access_expires_at.saturating_sub(wall);
        let (life, left) = match tokens.access_life {
            0 => (left, left),
            // More left than it ever had: the clock was set back.
            life => (life, left.min(life)),
        };
        Self {
            access_token: tokens.access_token.clone(),
            life,
            end: monotonic.saturating_add(left),
        }
    }

    /// The earlier of two opinions on the same token.
    #[must_use]
    pub(crate) fn or_earlier(self, other: &Self) -> Self {
        Self {
            end: self.end.min(other.end),
            ..self
        }
    }

    /// Whether it speaks of this access token.
    pub(crate) fn is_for(&self, tokens: &Tokens) -> bool {
        self.access_token == tokens.access_token
    }

    /// How fresh the token is at `monotonic`.
    pub(crate) fn freshness(&self, monotonic: u64) -> Freshness {
        let due = self.end.saturating_sub(margin(self.life));
        if monotonic >= self.end {
            Freshness::Past
        } else if monotonic >= due {
            Freshness::Due
        } else {
            Freshness::Good(due - monotonic)
        }
    }
}

/// How long before its end a token of this life is refreshed: a tenth of it, at most 30 seconds.
fn margin(life: u64) -> u64 {
    (life / 10).min(30_000)
}

#[cfg(test)]
mod tests;
