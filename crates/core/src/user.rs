//! A user: one account, known by what one provider calls the person.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::cutoff::{Cutoff, Cutoffs};
use crate::end_reason::EndReason;
use crate::id::{SessionId, UserId};

/// The role that may use `/api/admin`.
pub const ADMIN: &str = "admin";

/// How a provider knows a person: unique and never reassigned (OpenID Connect Core §5.7). An
/// email address is neither, so accounts are never found by it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Identity {
    /// The provider's issuer identifier.
    pub issuer: String,
    /// The provider's subject identifier.
    pub subject: String,
}

/// What a provider says about a person at a sign-in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Who it is.
    pub identity: Identity,
    /// The email address, if the provider gave one.
    pub email: Option<String>,
    /// Whether the provider says that the address was verified.
    pub email_verified: bool,
    /// The name to show.
    pub name: Option<String>,
    /// The organisation that the account belongs to, by its domain, where the provider says so
    /// (Google's claim `hd`). Unlike the domain of an address, it says who administers the account.
    pub hosted_domain: Option<String>,
}

impl Profile {
    /// The email address, if it was verified: the only form that may decide anything.
    pub fn verified_email(&self) -> Option<&str> {
        self.email.as_deref().filter(|_| self.email_verified)
    }
}

/// An account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Its id, the `sub` of its tokens.
    pub id: UserId,
    /// How its provider knows the person.
    pub identity: Identity,
    /// The email address given at the latest sign-in.
    pub email: Option<String>,
    /// Whether that address was verified.
    pub email_verified: bool,
    /// The name given at the latest sign-in.
    pub name: Option<String>,
    /// [`Profile::hosted_domain`] at the latest sign-in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hosted_domain: Option<String>,
    /// When the account was made.
    pub created_at: Timestamp,
    /// Set while the account may not sign in or refresh.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ban: Option<Ban>,
    /// Which of its sessions were ended all at once.
    #[serde(rename = "cut", default, skip_serializing_if = "Option::is_none")]
    pub cutoff: Option<Cutoff>,
}

/// An account is banned until this is removed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ban {
    /// When it was banned.
    pub at: Timestamp,
    /// Why, in the operator's words.
    pub reason: String,
}

impl User {
    /// The id of the user.
    pub const fn id(&self) -> UserId {
        self.id
    }

    /// A new account for this profile.
    pub fn create(id: UserId, profile: Profile, now: Timestamp) -> Self {
        Self {
            id,
            identity: profile.identity,
            email: profile.email,
            email_verified: profile.email_verified,
            name: profile.name,
            hosted_domain: profile.hosted_domain,
            created_at: now,
            ban: None,
            cutoff: None,
        }
    }

    /// Ends all its sessions, or all but the one to `keep`, given by what it was opened under. One
    /// that is over already is not spared: that would bring it back to life.
    pub fn cut_off(
        &mut self,
        at: Timestamp,
        reason: EndReason,
        keep: Option<(SessionId, Cutoffs)>,
    ) -> Cutoff {
        let known = self.cutoff.as_ref();
        let spared = keep.filter(|(id, under)| !known.is_some_and(|it| it.ends(*id, under.user)));
        let next = Cutoff::next(known, at, reason, spared.map(|(id, _)| id));
        self.cutoff = Some(next);
        next
    }

    /// The account with what the provider says today.
    #[must_use]
    pub fn updated(mut self, profile: Profile) -> Self {
        self.email = profile.email;
        self.email_verified = profile.email_verified;
        self.name = profile.name;
        self.hosted_domain = profile.hosted_domain;
        self
    }
}
