//! The parameters and results of operations that take or return more than one value.
//!
//! ```
//! use latchkey_core::{Device, EndReason, SessionId, Timestamp};
//! use latchkey_store::{EndSession, MemoryStore, Sessions as _, StoreError};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), StoreError> {
//! let store = MemoryStore::empty();
//! let sign_out = EndSession {
//!     session: SessionId::from_bytes([7; 16]),
//!     owner: None,
//!     reason: EndReason::SignedOut,
//!     device: Device::default(),
//!     actor: None,
//!     note: None,
//!     now: Timestamp::from_secs(1_800_000_000),
//! };
//! assert_eq!(store.end_session(sign_out).await?, None, "the session is unknown");
//! # Ok(())
//! # }
//! ```

mod audit;

use core::fmt;
use core::time::Duration;

use latchkey_core::rotation::{Decision, Limits, Presented};
use latchkey_core::{
    Actor, Denial, Device, EndReason, LinkHash, LinkTarget, Profile, Requester, Session, SessionId,
    SessionOrigin, Timestamp, UnlinkError, User, UserId, Username,
};

pub use audit::{AuditPage, AuditQuery, Population};

/// A session to open.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// The session.
    pub session: Session,
    /// Where the user signed in from.
    pub origin: SessionOrigin,
    /// How many live sessions the user may have, this one included. If there are more, others are
    /// ended: first those that can no longer be used, then those that were used longest ago.
    pub max_sessions: usize,
    /// The id of the request, for the security event.
    pub request_id: Option<String>,
    /// For a sign-in with a password: the credential that the password was verified against.
    pub credential: Option<CurrentCredential>,
}

/// The credential of a local account as it was when a password was verified against it.
#[derive(Clone, PartialEq, Eq)]
pub struct CurrentCredential {
    /// The username.
    pub username: Username,
    /// The hash of the password.
    pub hash: String,
}

impl fmt::Debug for CurrentCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CurrentCredential")
            .field("username", &self.username)
            .finish_non_exhaustive()
    }
}

/// A local account to create.
#[derive(Clone)]
pub struct NewLocalUser {
    /// The user, from [`User::create_local`].
    pub user: User,
    /// The hash of the password; `None` if the user will set it with a link.
    pub hash: Option<String>,
    /// The invitation that is used up.
    pub invitation: Option<LinkHash>,
    /// A link that sets the password, and when it expires.
    pub link: Option<(LinkHash, Timestamp)>,
    /// Who creates the account.
    pub requester: Requester,
}

impl fmt::Debug for NewLocalUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewLocalUser")
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

/// The outcome of [`crate::LocalAccounts::create_local_user`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CreateOutcome {
    /// The account was created.
    Created,
    /// Another account has the username; nothing was stored, and the invitation still works.
    UsernameTaken,
    /// The invitation is unknown, used or expired, or the link is not an invitation; nothing was
    /// stored.
    LinkInvalid,
}

/// A password to set.
#[derive(Clone)]
pub struct SetPassword {
    /// The username.
    pub username: Username,
    /// The hash of the new password.
    pub hash: String,
    /// What permits the change.
    pub authority: PasswordAuthority,
    /// The session that stays open, if any.
    pub keep: Option<SessionId>,
    /// The device that requested it.
    pub device: Device,
    /// The current time.
    pub now: Timestamp,
}

impl fmt::Debug for SetPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SetPassword")
            .field("username", &self.username)
            .field("keep", &self.keep)
            .finish_non_exhaustive()
    }
}

/// What permits setting a password.
#[derive(Clone, PartialEq, Eq)]
pub enum PasswordAuthority {
    /// The current password, verified against this hash. Refused if the hash has changed since.
    Current(String),
    /// A link, which is used up.
    Link(LinkHash),
}

impl fmt::Debug for PasswordAuthority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Current(_) => "Current(…)",
            Self::Link(_) => "Link(…)",
        })
    }
}

/// The outcome of [`crate::LocalAccounts::set_password`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SetPasswordOutcome {
    /// The password was set, and sessions were ended.
    Set {
        /// The user.
        user: UserId,
        /// The ended sessions.
        ended: AllEnded,
    },
    /// The account does not exist, or the authority is not valid; nothing was changed.
    Refused,
}

/// The outcome of [`crate::Sessions::open_session`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OpenOutcome {
    /// The session is open.
    Opened(Box<OpenedSession>),
    /// The user is banned; nothing was stored.
    Banned,
    /// The user does not exist, or no longer has the identity that the session is opened with;
    /// nothing was stored.
    UnknownUser,
    /// The password was changed after it was verified; nothing was stored.
    CredentialChanged,
    /// The identity is suspended because the password was set with a link; nothing was stored.
    IdentitySuspended,
}

/// An opened session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenedSession {
    /// The stored record, with the cutoffs in force. Issue tokens from this record.
    pub session: Session,
    /// The sessions of the user that were ended to make room.
    pub displaced: Vec<Ended>,
}

/// A presented refresh token.
#[derive(Clone, Debug)]
pub struct Rotate {
    /// The session that the token names.
    pub session: SessionId,
    /// The user that the token names. Only a hint, so that the user and the session can be fetched
    /// together: the user in the session's record is authoritative.
    pub user: UserId,
    /// What was presented. The store fills in whether the user is banned.
    pub presented: Presented,
    /// The device that presented it.
    pub device: Device,
    /// The current time.
    pub now: Timestamp,
    /// The configured lifetimes.
    pub limits: Limits,
}

/// The result of [`crate::Sessions::rotate`]. Its effects are durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotated {
    /// The decision.
    pub decision: Decision,
    /// The session's user.
    pub user: User,
    /// The denial that was added if the token was replayed.
    pub denial: Option<Denial>,
}

/// A live session as its user sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveSession {
    /// The session's record.
    pub session: Session,
    /// Where the user signed in from.
    pub origin: SessionOrigin,
}

/// A page of the stored sessions of a user.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoredSessions {
    /// The sessions, with the cutoffs applied, and where the user signed in from.
    pub sessions: Vec<(Session, SessionOrigin)>,
    /// The session after which the next page begins; `None` on the last page.
    pub next: Option<SessionId>,
}

/// A live session of any user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionOfUser {
    /// The session.
    pub live: LiveSession,
    /// Its user.
    pub user: User,
}

/// The outcome of [`crate::Denials::lift_denial`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LiftOutcome {
    /// The token is accepted again. Contains the denial as it is stored.
    Lifted(Denial),
    /// The denial follows from the end of a session or from an act of the user, or it was lifted
    /// before.
    NotLiftable,
    /// There is no such denial, or it has expired.
    Unknown,
}

/// A session to end.
#[derive(Clone, Debug)]
pub struct EndSession {
    /// The session.
    pub session: SessionId,
    /// The user that must own the session; `None` if the caller has already proved its right to end
    /// it, for example with the refresh token.
    pub owner: Option<UserId>,
    /// Why it ends.
    pub reason: EndReason,
    /// The device that requested it.
    pub device: Device,
    /// Who acted on behalf of the operator; `None` if it was the user.
    pub actor: Option<Actor>,
    /// The reason that an operator gave, for the audit log.
    pub note: Option<String>,
    /// The current time.
    pub now: Timestamp,
}

/// An ended session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// The user who owned it.
    pub user: UserId,
    /// The denial of its access tokens.
    pub denial: Denial,
    /// Whether the session was still usable: it had not been ended before, and its refresh token or
    /// an access token had not expired.
    pub was_live: bool,
}

/// Sessions of one user that were ended together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllEnded {
    /// The denials of their access tokens.
    pub denials: Vec<Denial>,
    /// How many of the sessions could still be used, as in [`Ended::was_live`].
    pub live: usize,
}

/// Sessions of a user to end.
#[derive(Clone, Debug)]
pub struct EndSessions {
    /// The user who owns them.
    pub user: UserId,
    /// The session that stays open, if any.
    pub keep: Option<SessionId>,
    /// Why they end.
    pub reason: EndReason,
    /// The device that requested it.
    pub device: Device,
    /// Who acted on behalf of the operator; `None` if it was the user.
    pub actor: Option<Actor>,
    /// The reason that an operator gave, for the audit log.
    pub note: Option<String>,
    /// The current time.
    pub now: Timestamp,
}

/// An identity to add to a user.
#[derive(Clone, Debug)]
pub struct LinkIdentity {
    /// The user, and the session that requested it, which must be live.
    pub target: LinkTarget,
    /// The identity, with the claims of its provider.
    pub profile: Profile,
    /// The device that requested it.
    pub device: Device,
    /// The current time.
    pub now: Timestamp,
}

/// The outcome of [`crate::Users::link_identity`]. Only [`Linked`](Self::Linked) changes anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkOutcome {
    /// The identity belongs to the user.
    Linked {
        /// The user.
        user: Box<User>,
        /// Whether the identity was added, or was suspended and is accepted again; otherwise only its
        /// claims were updated.
        is_new: bool,
    },
    /// The identity belongs to another user.
    InUse,
    /// The user has the maximum number of identities.
    TooMany,
    /// The user is banned.
    Banned,
    /// The session has ended, or there is no such user.
    SessionEnded,
}

/// An identity to remove from a user.
#[derive(Clone, Debug)]
pub struct UnlinkIdentity {
    /// The user.
    pub user: UserId,
    /// The number of the identity.
    pub number: u32,
    /// The session that requested it, which must be live.
    pub session: SessionId,
    /// The device that requested it.
    pub device: Device,
    /// The current time.
    pub now: Timestamp,
}

/// The outcome of [`crate::Users::unlink_identity`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UnlinkOutcome {
    /// The identity was removed, and these sessions, which were opened with it, have ended.
    Unlinked(Vec<Ended>),
    /// The identity was not removed.
    Refused(UnlinkError),
    /// The user is banned; nothing was changed.
    Banned,
    /// The session that requested it has ended; nothing was changed.
    SessionEnded,
}

/// The outcome of [`crate::Users::delete_user`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeleteOutcome {
    /// The user no longer exists, and the sessions have ended.
    Deleted(AllEnded),
    /// The user is banned; nothing was changed.
    Banned,
    /// The session that requested it has ended; nothing was changed.
    SessionEnded,
    /// There is no such user.
    UnknownUser,
}

/// How long a session's record is retained after its absolute end. If the session was ended
/// earlier, the time counts from then or from the expiry of its last access token, whichever is
/// later.
pub const SESSION_RETENTION: Duration = Duration::from_hours(1);
