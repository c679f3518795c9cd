//! Denials: tokens that are refused although their signature is valid, and how long the denylist
//! must remember them.

use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::audit::Actor;
use crate::clock::Timestamp;
use crate::cutoff::Cutoff;
use crate::end_reason::EndReason;
use crate::id::{SessionId, TokenId, UserId};

/// The longest lifetime that can be configured for access tokens. A denial never has to last longer
/// than this plus [`CLOCK_SKEW`] after the last token it applies to was issued.
pub const MAX_ACCESS_LIFETIME: Duration = Duration::from_hours(24);

/// How long a denial outlives the last token it applies to, to allow for servers whose clocks
/// differ. Dropping a denial late costs a few bytes; dropping it early would make a revoked token
/// valid again.
pub const CLOCK_SKEW: Duration = Duration::from_mins(2);

/// What a denial applies to. It is never the text of a token, so a re-encoded token stays denied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Denied {
    /// One access token, by its `jti`.
    Token(TokenId),
    /// Every access token of a session, by its `sid`.
    Session(SessionId),
    /// The access tokens of a user, by `sub`, from every session that [`Denial::cutoff`] ends.
    /// Earlier versions wrote no cutoff; such a denial applies to all access tokens of the user
    /// that were issued up to [`Denial::at`].
    User(UserId),
    /// The same for the sessions of all users.
    Everyone,
}

/// One entry of the denylist.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Denial {
    /// What is denied.
    pub denied: Denied,
    /// Why it is denied.
    pub reason: DenialReason,
    /// When it was denied.
    pub at: Timestamp,
    /// When the denial can be dropped.
    pub until: Timestamp,
    /// The sessions it applies to, if [`Denial::denied`] covers several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cutoff: Option<Cutoff>,
    /// Who added it and why, if an operator did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Box<DenialNote>>,
}

/// What is recorded about a denial that an operator added.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DenialNote {
    /// Who added it.
    pub by: Actor,
    /// The reason the operator gave.
    pub reason: String,
    /// The user whose tokens are denied.
    #[serde(rename = "sub")]
    pub user: UserId,
    /// When the denial was lifted. It no longer refuses anything, unless it was added again, which
    /// makes [`Denial::at`] later. The record remains until the token has expired, so that servers
    /// that have already read the denial also learn that it was lifted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifted: Option<Timestamp>,
}

impl Denied {
    /// Its kind in lists: `token`, `session`, `user` or `everyone`.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Token(_) => "token",
            Self::Session(_) => "session",
            Self::User(_) => "user",
            Self::Everyone => "everyone",
        }
    }

    /// The id of the token, session or user; empty for everyone.
    pub fn id(&self) -> String {
        match self {
            Self::Token(id) => id.to_string(),
            Self::Session(id) => id.to_string(),
            Self::User(id) => id.to_string(),
            Self::Everyone => String::new(),
        }
    }
}

impl DenialReason {
    /// The reason as one word, as it is stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SignedOut => "signed_out",
            Self::Revoked => "revoked",
            Self::Replayed => "replayed",
            Self::EndedByOperator => "ended_by_operator",
            Self::Banned => "banned",
        }
    }
}

impl Denial {
    /// Why it was added: the text that an operator gave, or a fixed word.
    pub fn explanation(&self) -> &str {
        self.note
            .as_ref()
            .map_or(self.reason.as_str(), |note| &note.reason)
    }

    /// The operator who added it, if one did.
    pub fn added_by(&self) -> Option<Actor> {
        self.note.as_ref().map(|note| note.by)
    }

    /// When it was lifted, if it was. A later denial of the same target overrides the lift.
    pub fn lifted_at(&self) -> Option<Timestamp> {
        self.note.as_ref()?.lifted
    }

    /// Whether it no longer refuses anything because it was lifted.
    pub fn is_lifted(&self) -> bool {
        self.lifted_at().is_some_and(|lifted| self.at <= lifted)
    }

    /// Whether an operator can lift it: it denies a single token, and an operator added it. The
    /// denials of a session that has ended cannot be lifted.
    pub fn is_liftable(&self) -> bool {
        matches!(self.denied, Denied::Token(_))
            && self.reason == DenialReason::EndedByOperator
            && self.note.is_some()
            && !self.is_lifted()
    }

    /// Whether this denial of a session lasts longer than a denial that a cutoff adds at the same
    /// time. This happens if a clock was ahead when the session's tokens were issued.
    pub fn outlives_a_cutoff(&self) -> bool {
        self.until > self.at.plus(MAX_ACCESS_LIFETIME).plus(CLOCK_SKEW)
    }

    /// Merges an earlier or concurrent denial of the same target into this one: keeps the later
    /// end, and the later cutoff with its reason.
    #[must_use]
    pub fn merged(mut self, known: &Self) -> Self {
        self.until = self.until.max(known.until);
        self.at = self.at.max(known.at);
        let number = |denial: &Self| denial.cutoff.map(|cutoff| cutoff.number);
        if number(known) > number(&self) {
            self.cutoff = known.cutoff;
            self.reason = known.reason;
        }
        if matches!(self.denied, Denied::Token(_)) {
            // If the holder revoked the token, before or after an operator denied it, there is no
            // note: an operator cannot lift the revocation.
            if known.note.is_none() {
                self.note = None;
                self.reason = known.reason;
            }
            return self;
        }
        // The note of a denial that was lifted does not explain a later denial.
        if self.note.is_none() && !known.is_lifted() {
            self.note.clone_from(&known.note);
        }
        self
    }
}

impl Cutoff {
    /// The denial that refuses the access tokens of all sessions that this cutoff ends.
    pub fn denial(&self, denied: Denied) -> Denial {
        Denial {
            denied,
            reason: self.reason.into(),
            at: self.at,
            until: self.denies_until(),
            cutoff: Some(*self),
            note: None,
        }
    }

    /// When the denial of this cutoff ends: every access token issued before the cutoff has
    /// expired by then.
    pub fn denies_until(&self) -> Timestamp {
        self.at.plus(MAX_ACCESS_LIFETIME).plus(CLOCK_SKEW)
    }
}

/// Why a token is denied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DenialReason {
    /// The user signed out, ended the session from another session, changed the password, removed
    /// the identity that opened the session, deleted the account, or opened so many sessions that
    /// this one was displaced.
    SignedOut,
    /// A token was revoked through the API.
    Revoked,
    /// A refresh token was reused.
    Replayed,
    /// An operator ended the session or denied the token, or the user is no longer admitted.
    EndedByOperator,
    /// The user is banned.
    Banned,
}

impl From<EndReason> for DenialReason {
    fn from(reason: EndReason) -> Self {
        match reason {
            EndReason::SignedOut
            | EndReason::EndedRemotely
            | EndReason::EndedAll
            | EndReason::PasswordChanged
            | EndReason::Displaced
            | EndReason::IdentityRemoved
            | EndReason::AccountDeleted => Self::SignedOut,
            EndReason::Revoked => Self::Revoked,
            EndReason::Replayed => Self::Replayed,
            // The operator's configuration or application no longer admits the user.
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

    #[test]
    fn merging_keeps_the_later_cutoff_and_the_later_end_in_either_order() {
        let user = Denied::User(UserId::from_bytes([1; 16]));
        let spared = SessionId::from_bytes([1; 16]);
        let first = Cutoff::next(None, NOW, EndReason::EndedAll, Some(spared));
        let second = Cutoff::next(Some(&first), NOW, EndReason::Banned, None);
        let (first, second) = (first.denial(user), second.denial(user));
        for merged in [first.clone().merged(&second), second.clone().merged(&first)] {
            assert_eq!(merged.cutoff, second.cutoff);
            assert_eq!(merged.reason, DenialReason::Banned);
        }
        // A denial written by an earlier version has no cutoff and may end later.
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
