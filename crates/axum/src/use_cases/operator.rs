//! Administration: users, sessions, the denylist and signing keys, over the admin API or from the
//! command line, through a running server or directly on the store of a stopped one. Each action
//! writes one log line. Actions on a single user are here, the others in the modules below.

mod denials;
mod everyone;
mod keys;
mod lists;

use core::fmt;

pub use latchkey_core::Actor;
use latchkey_core::user::{InvalidRoles, granted_roles};
use latchkey_core::{Device, EndReason, Requester, Timestamp, User, UserId};
use latchkey_store::{EndSessions, InvalidCursor, Store, StoreError};
use serde::{Deserialize, Serialize};

use crate::event::Event;
use crate::services::Services;
use crate::services::announce::{Announce, NoServer};

pub use self::denials::verified_token;
pub use self::everyone::end_everyone;
pub use self::keys::{KeyState, rotate_keys};

/// The maximum length of the reason for a ban or a denial, in characters.
const MAX_REASON_CHARS: usize = 500;

/// Selects the user that a command is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UserSelector {
    /// The user with this id.
    Id(UserId),
    /// The user with this email address; an error if several have it.
    Email(String),
}

/// One of several users with the same email address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// The user's id.
    pub id: UserId,
    /// The issuer of the user's identity.
    pub issuer: String,
    /// Whether the issuer states that the address is verified.
    pub email_verified: bool,
}

impl fmt::Display for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verified = if self.email_verified {
            ""
        } else {
            ", not verified"
        };
        write!(f, "{} ({}{verified})", self.id, self.issuer)
    }
}

/// Why an operator's action failed or is incomplete.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OperatorError {
    /// No user matches.
    #[error("no user matches {0}")]
    UnknownUser(String),
    /// Several users match.
    #[error(
        "several users have the email address {email}; select one by id: {}",
        join(.candidates)
    )]
    Ambiguous {
        /// The email address.
        email: String,
        /// The users that have it.
        candidates: Vec<Candidate>,
    },
    /// The reason is empty or too long.
    #[error("the reason must be 1 to {MAX_REASON_CHARS} characters long, on one line")]
    Reason,
    /// The ban would end before it begins.
    #[error("the end of the ban (until) must be in the future; omit it for a ban without end")]
    BanEnd,
    /// The roles cannot be granted.
    #[error(transparent)]
    Roles(#[from] InvalidRoles),
    /// No session has this id.
    #[error("no session has this id; it may have been removed after it ended")]
    UnknownSession,
    /// The text is not a valid access token of this server, or it has expired.
    #[error("{0}")]
    Token(&'static str),
    /// Nothing with this id is denied.
    #[error("there is no such denial; it may have expired")]
    UnknownDenial,
    /// The denial cannot be lifted.
    #[error(
        "only an operator's denial of a single token can be lifted; a session that has ended stays \
         ended, so its user must sign in again"
    )]
    NotLiftable,
    /// The cursor belongs to another list or query.
    #[error(transparent)]
    Cursor(#[from] InvalidCursor),
    /// All sessions have ended and their tokens are refused, but some session records do not show
    /// it.
    #[error(
        "all sessions have ended and their tokens are refused, but {failed} of 256 shards of the \
         session records were not updated ({cause}); run the command again"
    )]
    RecordsUnfinished {
        /// How many shards were not updated.
        failed: u32,
        /// The first error.
        cause: StoreError,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn join(candidates: &[Candidate]) -> String {
    let candidates: Vec<_> = candidates.iter().map(ToString::to_string).collect();
    candidates.join(", ")
}

/// Performs an operator's actions.
#[derive(Clone)]
pub struct Operator<'a> {
    store: &'a dyn Store,
    now: Timestamp,
    announce: &'a dyn Announce,
    actor: Actor,
    device: Device,
}

impl<'a> Operator<'a> {
    /// Through a running server.
    pub fn online(services: &'a Services, actor: Actor) -> Self {
        Self {
            store: &*services.store,
            now: services.clock.now(),
            announce: services,
            actor,
            device: Device::default(),
        }
    }

    /// Records the device from which the operator acts.
    #[must_use]
    pub fn from_device(self, device: Device) -> Self {
        Self { device, ..self }
    }

    fn requester(&self) -> Requester {
        Requester {
            actor: Some(self.actor),
            device: self.device.clone(),
        }
    }

    /// Directly on a store that no server has open.
    pub fn offline(store: &'a dyn Store, now: Timestamp) -> Self {
        Self {
            store,
            now,
            announce: &NoServer,
            actor: Actor::CommandLine,
            device: Device::default(),
        }
    }

    /// The time of the action.
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// The selected user.
    pub async fn find(&self, selector: &UserSelector) -> Result<User, OperatorError> {
        match selector {
            UserSelector::Id(id) => {
                let user = self.store.user(*id).await?;
                user.ok_or_else(|| unknown(*id))
            }
            UserSelector::Email(email) => {
                let mut found = self.store.users_by_email(email.clone()).await?;
                if found.len() > 1 {
                    let candidates = found.into_iter().map(|user| Candidate {
                        id: user.id,
                        issuer: user.identity.issuer,
                        email_verified: user.email_verified,
                    });
                    return Err(OperatorError::Ambiguous {
                        email: email.clone(),
                        candidates: candidates.collect(),
                    });
                }
                let user = found.pop();
                user.ok_or_else(|| OperatorError::UnknownUser(email.clone()))
            }
        }
    }

    /// Bans a user until the ban is lifted, and returns how many live sessions this ended.
    pub async fn ban(&self, user: UserId, reason: &str) -> Result<usize, OperatorError> {
        self.ban_until(user, reason, None).await
    }

    /// Bans a user until this time, or until the ban is lifted, and returns how many live sessions
    /// this ended.
    pub async fn ban_until(
        &self,
        user: UserId,
        reason: &str,
        until: Option<Timestamp>,
    ) -> Result<usize, OperatorError> {
        let reason = checked_reason(reason)?;
        if until.is_some_and(|until| until <= self.now) {
            return Err(OperatorError::BanEnd);
        }
        let banned = self
            .store
            .ban_user(user, reason, until, self.requester(), self.now);
        let banned = banned.await?.ok_or_else(|| unknown(user))?;
        self.announce.deny(user, &banned.denials);
        self.announce.report(&Event::Banned { user });
        self.announce.count_ended(EndReason::Banned, banned.live);
        tracing::info!(%user, by = %self.actor, sessions = banned.live, "user banned");
        Ok(banned.live)
    }

    /// Lifts a ban and returns whether the user was banned.
    pub async fn unban(&self, user: UserId) -> Result<bool, OperatorError> {
        let lifted = self.store.unban_user(user, self.requester(), self.now);
        let lifted = lifted.await?;
        let lifted = lifted.ok_or_else(|| unknown(user))?;
        self.announce.deny(user, &[]);
        if lifted {
            self.announce.report(&Event::Unbanned { user });
            tracing::info!(%user, by = %self.actor, "user unbanned");
        }
        Ok(lifted)
    }

    /// Replaces the roles that were granted to a user, and returns the user. The roles are in access
    /// tokens from the next refresh; routes for administrators query the store, so that the removal
    /// of a role takes effect there immediately.
    pub async fn set_roles(&self, user: UserId, roles: Vec<String>) -> Result<User, OperatorError> {
        let roles = granted_roles(roles)?;
        let changed = self
            .store
            .set_roles(user, roles, self.requester(), self.now)
            .await?;
        let changed = changed.ok_or_else(|| unknown(user))?;
        self.announce.deny(user, &[]);
        self.announce.report(&Event::RolesChanged { user });
        let roles = changed.roles.join(" ");
        tracing::info!(%user, by = %self.actor, roles, "roles changed");
        Ok(changed)
    }

    /// Ends a user's sessions and returns how many were live.
    pub async fn end_sessions(&self, user: UserId) -> Result<usize, OperatorError> {
        self.end_sessions_with(user, None).await
    }

    /// Like [`end_sessions`](Self::end_sessions), with the reason for the entry of the denylist.
    async fn end_sessions_with(
        &self,
        user: UserId,
        reason: Option<String>,
    ) -> Result<usize, OperatorError> {
        let end = EndSessions {
            user,
            keep: None,
            reason: EndReason::EndedByOperator,
            device: self.device.clone(),
            actor: Some(self.actor),
            note: reason.clone(),
            now: self.now,
        };
        let ended = self.store.end_sessions_of(end).await?;
        let ended = ended.ok_or_else(|| unknown(user))?;
        // Denied first, because recording the reason may take time.
        self.announce.deny(user, &ended.denials);
        if let (Some(reason), Some(denial)) = (reason, ended.denials.first()) {
            self.annotate(denial, user, reason).await;
        }
        self.announce.report(&Event::SessionsEnded {
            user,
            kept: None,
            reason: EndReason::EndedByOperator,
        });
        self.announce
            .count_ended(EndReason::EndedByOperator, ended.live);
        let sessions = ended.live;
        tracing::info!(%user, by = %self.actor, sessions, "all sessions of the user ended");
        Ok(ended.live)
    }
}

fn checked_reason(reason: &str) -> Result<String, OperatorError> {
    let reason = reason.trim();
    let is_clean = !reason.chars().any(char::is_control);
    if is_clean && (1..=MAX_REASON_CHARS).contains(&reason.chars().count()) {
        Ok(reason.to_owned())
    } else {
        Err(OperatorError::Reason)
    }
}

fn unknown(user: UserId) -> OperatorError {
    OperatorError::UnknownUser(user.to_string())
}
