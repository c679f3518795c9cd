//! A user: the account of a person, identified by one provider's issuer and subject.

use core::fmt;

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
/// How many roles an operator can grant to one user.
pub const MAX_ROLES: usize = 32;
/// The maximum length of a granted role, in characters.
pub const MAX_ROLE_CHARS: usize = 64;

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
}

/// A ban: the user may neither sign in nor refresh until it ends or is lifted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ban {
    /// When the user was banned.
    pub at: Timestamp,
    /// The reason the operator gave.
    pub reason: String,
    /// When the ban ends by itself; `None` if it must be lifted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

impl Ban {
    /// Whether the ban is in force.
    pub fn is_in_force(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| now < until)
    }
}

/// Sorts the roles that an operator grants, and removes duplicates.
///
/// # Errors
///
/// If there are more than [`MAX_ROLES`], or one is not 1 to [`MAX_ROLE_CHARS`] characters `a-z`,
/// `0-9`, `.`, `_`, `-`, `:`.
pub fn granted_roles(mut roles: Vec<String>) -> Result<Vec<String>, InvalidRoles> {
    let is_valid = |role: &String| {
        let valid = |c| matches!(c, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-' | b':');
        (1..=MAX_ROLE_CHARS).contains(&role.len()) && role.bytes().all(valid)
    };
    if let Some(invalid) = roles.iter().find(|role| !is_valid(role)) {
        return Err(InvalidRoles::Role(invalid.chars().take(80).collect()));
    }
    roles.sort_unstable();
    roles.dedup();
    if roles.len() > MAX_ROLES {
        return Err(InvalidRoles::TooMany);
    }
    Ok(roles)
}

/// Why roles cannot be granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InvalidRoles {
    /// This role has an invalid character, or is too long or empty.
    Role(String),
    /// There are more than [`MAX_ROLES`].
    TooMany,
}

impl fmt::Display for InvalidRoles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Role(role) => write!(
                f,
                "{role:?} is not a valid role; a role is 1 to {MAX_ROLE_CHARS} characters a-z, \
                 0-9, \".\", \"_\", \"-\", \":\""
            ),
            Self::TooMany => write!(f, "a user can be granted at most {MAX_ROLES} roles"),
        }
    }
}

impl core::error::Error for InvalidRoles {}

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

#[cfg(test)]
mod tests {
    use super::{Ban, InvalidRoles, MAX_ROLES, granted_roles};
    use crate::clock::Timestamp;

    #[test]
    fn granted_roles_are_sorted_unique_and_valid() {
        let roles = |names: &[&str]| {
            let names = names.iter().map(|&name| name.to_owned());
            granted_roles(names.collect())
        };
        let sorted = vec!["admin".to_owned(), "notes:edit".to_owned()];
        assert_eq!(roles(&["notes:edit", "admin", "notes:edit"]), Ok(sorted));
        let long = "x".repeat(65);
        for invalid in ["", "Admin", "a b", "é", "a\0", &long] {
            let error = InvalidRoles::Role(invalid.to_owned());
            assert_eq!(roles(&["ok", invalid]), Err(error));
        }
        let many: Vec<_> = (0..=MAX_ROLES).map(|number| number.to_string()).collect();
        assert_eq!(granted_roles(many.clone()), Err(InvalidRoles::TooMany));
        assert!(granted_roles(many[1..].to_vec()).is_ok());
    }

    #[test]
    fn a_ban_ends_at_its_end_or_never() {
        let at = Timestamp::from_secs(10);
        let mut ban = Ban {
            at,
            reason: "spam".to_owned(),
            until: Some(Timestamp::from_secs(20)),
        };
        assert!(ban.is_in_force(Timestamp::from_millis(19_999)));
        assert!(!ban.is_in_force(Timestamp::from_secs(20)));
        ban.until = None;
        assert!(ban.is_in_force(Timestamp::from_secs(u64::MAX / 1000)));
        let old: Ban = serde_json::from_str(r#"{"at":10000,"reason":"spam"}"#).expect("a ban");
        assert_eq!(old, ban, "a ban that an earlier version stored");
    }
}
