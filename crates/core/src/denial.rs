//! Denials: what is refused although its signature is good, and until when it must be remembered.

use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::cutoff::Cutoff;
use crate::end_reason::EndReason;
use crate::id::{SessionId, TokenId, UserId};

/// The longest life that an access token can have, whatever is configured: no denial has to be
/// kept for longer after the token was issued.
pub const MAX_ACCESS_LIFE: Duration = Duration::from_hours(24);

/// How long a denial outlives the last token it can concern: room for machines whose clocks
/// differ. Forgetting late costs a few bytes; forgetting early would bring a token back to life.
pub const CLOCK_SKEW: Duration = Duration::from_mins(2);

/// What a denial is about. Never the text of a token: a re-encoded token stays denied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Denied {
    /// One access token, by its `jti`.
    Token(TokenId),
    /// Every access token of a session, by its `sid`.
    Session(SessionId),
    /// The access tokens of those of a user's sessions, by the `sub`, that [`Denial::cutoff`]
    /// ends. Without a cut-off, as earlier versions wrote it: of all that were issued up to
    /// [`Denial::at`].
    User(UserId),
    /// The same for the sessions of all users.
    Everyone,
}

/// One entry of the denylist.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Denial {
    /// What is denied.
    pub denied: Denied,
    /// Why.
    pub reason: DenialReason,
    /// When it was denied.
    pub at: Timestamp,
    /// From when on it can be forgotten.
    pub until: Timestamp,
    /// Which sessions are meant where it is about more than one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cutoff: Option<Cutoff>,
}

impl Denial {
    /// Whether this denial of a session lasts longer than one of a cut-off at the same moment: a
    /// clock that was ahead gave the session tokens that a cut-off's denial does not outlive.
    pub fn outlives_a_cutoff(&self) -> bool {
        self.until > self.at.plus(MAX_ACCESS_LIFE).plus(CLOCK_SKEW)
    }

    /// Takes over what an earlier, or concurrent, denial of the same thing says beyond this one:
    /// the later end, and the later cut-off with its reason.
    #[must_use]
    pub fn merged(mut self, known: &Self) -> Self {
        self.until = self.until.max(known.until);
        self.at = self.at.max(known.at);
        let number = |denial: &Self| denial.cutoff.map(|cutoff| cutoff.number);
        if number(known) > number(&self) {
            self.cutoff = known.cutoff;
            self.reason = known.reason;
        }
        self
    }
}

impl Cutoff {
    /// The denial that refuses the access tokens of all sessions it ends.
    pub fn denial(&self, denied: Denied) -> Denial {
        Denial {
            denied,
            reason: self.reason.into(),
            at: self.at,
            until: self.denies_until(),
            cutoff: Some(*self),
        }
    }

    /// When that denial ends: once every access token issued before it has expired.
    pub fn denies_until(&self) -> Timestamp {
        self.at.plus(MAX_ACCESS_LIFE).plus(CLOCK_SKEW)
    }
}

/// Why something is denied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DenialReason {
    /// The person signed out, ended the session from another one, or signed in so often that it had
    /// to make room.
    SignedOut,
    /// A token was revoked through the API.
    Revoked,
    /// A refresh token was used twice.
    Replayed,
    /// The operator ended the session.
    EndedByOperator,
    /// The account is banned.
    Banned,
}

impl From<EndReason> for DenialReason {
    fn from(reason: EndReason) -> Self {
        match reason {
            EndReason::SignedOut
            | EndReason::EndedRemotely
            | EndReason::EndedAll
            | EndReason::Displaced => Self::SignedOut,
            EndReason::Revoked => Self::Revoked,
            EndReason::Replayed => Self::Replayed,
            // It was the operator who changed the configuration.
            EndReason::EndedByOperator | EndReason::NotAdmitted => Self::EndedByOperator,
            EndReason::Banned => Self::Banned,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Denial, DenialReason, Denied};
    use crate::clock::Timestamp;
    use crate::cutoff::Cutoff;
    use crate::end_reason::EndReason;
    use crate::id::{SessionId, UserId};

    const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

    /// In whichever order two denials of an account come to be known.
    #[test]
    fn the_later_cutoff_counts_and_the_later_end() {
        let user = Denied::User(UserId::from_bytes([1; 16]));
        let kept = SessionId::from_bytes([1; 16]);
        let first = Cutoff::next(None, NOW, EndReason::EndedAll, Some(kept));
        let second = Cutoff::next(Some(&first), NOW, EndReason::Banned, None);
        let (first, second) = (first.denial(user), second.denial(user));
        for merged in [first.clone().merged(&second), second.clone().merged(&first)] {
            assert_eq!(merged.cutoff, second.cutoff);
            assert_eq!(merged.reason, DenialReason::Banned);
        }
        // One of an earlier version says nothing about cut-offs and may end later.
        let old = Denial {
            until: first.until.plus(super::CLOCK_SKEW),
            cutoff: None,
            ..first.clone()
        };
        for merged in [first.clone().merged(&old), old.clone().merged(&first)] {
            assert_eq!((merged.cutoff, merged.until), (first.cutoff, old.until));
        }
    }
}
