//! A user: the account of a person, identified by one provider's issuer and subject.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::cutoff::{Cutoff, Cutoffs};
use crate::end_reason::EndReason;
use crate::id::{SessionId, UserId};
use crate::local::Username;

/// The issuer of the identities of local accounts, whose subject is the user's id, and the name of
/// their provider. No provider can be configured with this name or issuer.
pub const LOCAL: &str = "local";

/// The role that gives access to `/api/admin`.
pub const ADMIN: &str = "admin";

/// How a provider identifies a user: unique and never reassigned (OpenID Connect Core §5.7). An
/// email address is neither, so it never identifies a user at a sign-in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Identity {
    /// The provider's issuer identifier.
    pub issuer: String,
    /// The provider's subject identifier.
    pub subject: String,
}

/// What a provider says about a user at a sign-in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// The issuer and subject that identify the user.
    pub identity: Identity,
    /// The email address, if the provider gave one.
    pub email: Option<String>,
    /// Whether the provider says that the address was verified.
    pub email_verified: bool,
    /// The display name.
    pub name: Option<String>,
    /// The domain of the organization that manages the account, if the provider says so (Google's
    /// `hd` claim). The domain of an email address does not show who manages the account.
    pub hosted_domain: Option<String>,
}

impl Profile {
    /// The email address, if it was verified. Only a verified address may be used in a decision.
    pub fn verified_email(&self) -> Option<&str> {
        self.email.as_deref().filter(|_| self.email_verified)
    }
}

/// A user's record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// The user's id, the `sub` of the user's tokens.
    pub id: UserId,
    /// How the provider identifies the user.
    pub identity: Identity,
    /// The username of a local account, in lower case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<Username>,
    /// The email address at the latest sign-in.
    pub email: Option<String>,
    /// Whether that address was verified.
    pub email_verified: bool,
    /// The display name at the latest sign-in.
    pub name: Option<String>,
    /// [`Profile::hosted_domain`] at the latest sign-in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hosted_domain: Option<String>,
    /// When the user signed in for the first time.
    pub created_at: Timestamp,
    /// Set while the user is banned and may neither sign in nor refresh.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ban: Option<Ban>,
    /// The latest cutoff: the user's sessions opened before it are over, except the one it spares.
    #[serde(rename = "cut", default, skip_serializing_if = "Option::is_none")]
    pub cutoff: Option<Cutoff>,
}

/// A ban, in force until it is lifted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ban {
    /// When the user was banned.
    pub at: Timestamp,
    /// The reason the operator gave.
    pub reason: String,
}

impl User {
    /// The user's id, the `sub` of the user's tokens.
    pub const fn id(&self) -> UserId {
        self.id
    }

    /// A new user with this profile.
    pub fn create(id: UserId, profile: Profile, now: Timestamp) -> Self {
        Self {
            id,
            identity: profile.identity,
            username: None,
            email: profile.email,
            email_verified: profile.email_verified,
            name: profile.name,
            hosted_domain: profile.hosted_domain,
            created_at: now,
            ban: None,
            cutoff: None,
        }
    }

    /// A new user of a local account. Neither the address nor the name is verified.
    pub fn create_local(
        id: UserId,
        username: Username,
        email: Option<String>,
        name: Option<String>,
        now: Timestamp,
    ) -> Self {
        let profile = Profile {
            identity: Identity {
                issuer: LOCAL.to_owned(),
                subject: id.to_string(),
            },
            email,
            email_verified: false,
            name,
            hosted_domain: None,
        };
        Self {
            username: Some(username),
            ..Self::create(id, profile, now)
        }
    }

    /// Ends all sessions of the user, except the one to `keep`, given with the cutoffs it was
    /// opened under. A session that an earlier cutoff has ended is not kept: it must not be
    /// reopened.
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

    /// The user with the provider's current profile.
    #[must_use]
    pub fn updated(mut self, profile: Profile) -> Self {
        self.email = profile.email;
        self.email_verified = profile.email_verified;
        self.name = profile.name;
        self.hosted_domain = profile.hosted_domain;
        self
    }
}
