//! A user: the account of a person, and the identities at providers that belong to it.

mod ban;
mod identities;
mod roles;
mod suspension;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::cutoff::{Cutoff, Cutoffs};
use crate::end_reason::EndReason;
use crate::id::{SessionId, UserId};
use crate::local::Username;

pub use ban::Ban;
use identities::is_zero;
pub use identities::{Identity, LinkedIdentity, MAX_IDENTITIES, TooManyIdentities, UnlinkError};
pub use roles::{InvalidRoles, MAX_ROLE_CHARS, MAX_ROLES, granted_roles};

/// The issuer of the identities of local accounts, whose subject is the user's id, and the name of
/// their provider. No provider can be configured with this name or issuer.
pub const LOCAL: &str = "local";

/// The role that gives access to `/api/admin`.
pub const ADMIN: &str = "admin";

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
    /// The oldest identity. In a value that [`User::signed_in_with`] returns, it is instead the
    /// identity that opened the session.
    pub identity: Identity,
    /// The username of a local account, in lower case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<Username>,
    /// The email address at the latest sign-in with [`User::identity`].
    pub email: Option<String>,
    /// Whether that address was verified.
    pub email_verified: bool,
    /// The display name at that sign-in.
    pub name: Option<String>,
    /// [`Profile::hosted_domain`] at that sign-in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hosted_domain: Option<String>,
    /// When the user was created: at the first sign-in, or with the local account.
    pub created_at: Timestamp,
    /// The roles that an operator granted, sorted. The configuration and the embedding application
    /// may add others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
    /// The latest ban, which may have ended by itself: see [`is_banned`](Self::is_banned).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ban: Option<Ban>,
    /// The latest cutoff: the user's sessions opened before it are over, except the one it spares.
    #[serde(rename = "cut", default, skip_serializing_if = "Option::is_none")]
    pub cutoff: Option<Cutoff>,
    /// The number of [`User::identity`]; see [`LinkedIdentity::number`].
    #[serde(rename = "no", default, skip_serializing_if = "is_zero")]
    pub identity_number: u32,
    /// When [`User::identity`] was added; `None` if the user was created with it.
    #[serde(rename = "since", default, skip_serializing_if = "Option::is_none")]
    pub identity_since: Option<Timestamp>,
    /// The other identities, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub identities: Vec<LinkedIdentity>,
    /// The greatest number that an identity of the user has had.
    #[serde(rename = "last_no", default, skip_serializing_if = "is_zero")]
    pub last_identity_number: u32,
    /// The numbers of the identities that are suspended; see [`is_suspended`](Self::is_suspended).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub suspended: Vec<u32>,
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
            roles: Vec::new(),
            ban: None,
            cutoff: None,
            identity_number: 0,
            identity_since: None,
            identities: Vec::new(),
            last_identity_number: 0,
            suspended: Vec::new(),
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

    /// Whether a ban is in force: the user may neither sign in nor refresh. Every check of a ban
    /// uses this.
    pub fn is_banned(&self, now: Timestamp) -> bool {
        self.ban_in_force(now).is_some()
    }

    /// The ban that is in force, if any.
    pub fn ban_in_force(&self, now: Timestamp) -> Option<&Ban> {
        self.ban.as_ref().filter(|ban| ban.is_in_force(now))
    }

    /// The email addresses of all identities.
    pub fn emails(&self) -> impl Iterator<Item = &str> {
        let linked = self.identities.iter().filter_map(|it| it.email.as_deref());
        self.email.as_deref().into_iter().chain(linked)
    }

    /// All identities of the user, oldest first.
    pub fn all_identities(&self) -> Vec<LinkedIdentity> {
        let mut all = vec![self.first()];
        all.extend(self.identities.iter().cloned());
        all.sort_by_key(|it| (it.linked_at, it.number));
        all
    }

    /// The number of this identity; `None` if the user does not have it.
    pub fn number_of(&self, identity: &Identity) -> Option<u32> {
        if self.identity == *identity {
            return Some(self.identity_number);
        }
        let linked = self.identities.iter().find(|it| it.identity == *identity);
        linked.map(|it| it.number)
    }

    /// Whether an identity of the user has this number.
    pub fn has_identity(&self, number: u32) -> bool {
        self.identity_number == number || self.identities.iter().any(|it| it.number == number)
    }

    /// The user as seen by a session: the identity with this number, which opened the session, is
    /// [`User::identity`], and the claims beside it are those of its provider. `None` if the
    /// identity was removed.
    ///
    /// Rights and claims are derived from this value. Otherwise a sign-in at one provider could change
    /// the rights of a session that another provider vouched for.
    pub fn signed_in_with(&self, number: u32) -> Option<Self> {
        let mut user = self.clone();
        if number != self.identity_number {
            let at = user.identities.iter().position(|it| it.number == number)?;
            let chosen = user.identities.remove(at);
            user.identities.push(user.first());
            user.identities.sort_by_key(|it| (it.linked_at, it.number));
            user.set_first(chosen);
        }
        Some(user)
    }

    /// The user as seen by a session that a password opened. `None` if the user has no local account.
    pub fn signed_in_locally(&self) -> Option<Self> {
        self.signed_in_with(self.local_identity()?)
    }

    /// Adds the identity of this profile and returns its number. An identity that the user already
    /// has keeps its number; its claims are updated, and it is no longer suspended.
    ///
    /// # Errors
    ///
    /// Returns an error if the user has [`MAX_IDENTITIES`].
    pub fn link(&mut self, profile: Profile, now: Timestamp) -> Result<u32, TooManyIdentities> {
        if let Some(number) = self.number_of(&profile.identity) {
            self.suspended.retain(|it| *it != number);
            *self = self.clone().updated(profile);
            return Ok(number);
        }
        if self.identities.len() + 1 >= MAX_IDENTITIES {
            return Err(TooManyIdentities);
        }
        self.last_identity_number += 1;
        self.identities.push(LinkedIdentity {
            number: self.last_identity_number,
            identity: profile.identity,
            email: profile.email,
            email_verified: profile.email_verified,
            name: profile.name,
            hosted_domain: profile.hosted_domain,
            linked_at: now,
        });
        Ok(self.last_identity_number)
    }

    /// Removes the identity with this number and returns it. If it is [`User::identity`], the oldest
    /// of the others takes its place.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no such identity, or it is the only one with which the user can
    /// sign in. The local identity counts as the only one as long as all others are younger than
    /// seven days.
    pub fn unlink(&mut self, number: u32, now: Timestamp) -> Result<LinkedIdentity, UnlinkError> {
        if !self.has_identity(number) {
            return Err(UnlinkError::Unknown);
        }
        if !self.has_way_without(number, now) {
            return Err(UnlinkError::Last);
        }
        self.suspended.retain(|it| *it != number);
        if number == self.identity_number {
            let removed = self.first();
            let oldest = self.identities.remove(0);
            self.set_first(oldest);
            return Ok(removed);
        }
        let at = self.identities.iter().position(|it| it.number == number);
        at.map(|at| self.identities.remove(at))
            .ok_or(UnlinkError::Unknown)
    }

    /// [`User::identity`] with its claims.
    fn first(&self) -> LinkedIdentity {
        LinkedIdentity {
            number: self.identity_number,
            identity: self.identity.clone(),
            email: self.email.clone(),
            email_verified: self.email_verified,
            name: self.name.clone(),
            hosted_domain: self.hosted_domain.clone(),
            linked_at: self.identity_since.unwrap_or(self.created_at),
        }
    }

    fn set_first(&mut self, it: LinkedIdentity) {
        self.identity_since = (it.number != 0).then_some(it.linked_at);
        self.identity_number = it.number;
        self.identity = it.identity;
        self.email = it.email;
        self.email_verified = it.email_verified;
        self.name = it.name;
        self.hosted_domain = it.hosted_domain;
    }

    /// Ends all sessions of the user except the one in `keep`, given by its id and the cutoffs that
    /// it was opened under. A session that an earlier cutoff has ended is not kept: it must not be
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

    /// The user after the claims of the profile's identity are replaced with those of the profile.
    /// Unchanged if the user does not have that identity, or if it is suspended.
    #[must_use]
    pub fn updated(mut self, profile: Profile) -> Self {
        let Some(number) = self.number_of(&profile.identity) else {
            return self;
        };
        // Nobody can sign in with a suspended identity, so its claims must not change what others
        // see.
        if self.is_suspended(number) {
            return self;
        }
        if number == self.identity_number {
            self.email = profile.email;
            self.email_verified = profile.email_verified;
            self.name = profile.name;
            self.hosted_domain = profile.hosted_domain;
        } else if let Some(it) = self.identities.iter_mut().find(|it| it.number == number) {
            it.email = profile.email;
            it.email_verified = profile.email_verified;
            it.name = profile.name;
            it.hosted_domain = profile.hosted_domain;
        }
        self
    }
}

#[cfg(test)]
mod tests;
