//! The results of commands, as a server sends them and as `--json` prints them.

use latchkey_core::{SessionId, TokenId, User, UserId};
use serde::{Deserialize, Serialize};

use super::details::{DenialDetails, KeyDetails, SessionDetails, UserDetails};

/// The result of a command. `--json` prints it unchanged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "snake_case")]
pub enum Outcome {
    /// A user was banned.
    UserBanned {
        /// The user.
        user: UserInfo,
        /// The number of sessions that this ended.
        sessions_ended: usize,
    },
    /// A ban was lifted.
    UserUnbanned {
        /// The user.
        user: UserInfo,
    },
    /// There was no ban to lift.
    UserNotBanned {
        /// The user.
        user: UserInfo,
    },
    /// A user's sessions were ended.
    SessionsEnded {
        /// The user.
        user: UserInfo,
        /// The number of sessions that this ended.
        sessions_ended: usize,
    },
    /// The sessions of all users were ended.
    AllSessionsEnded {
        /// The number of sessions that this ended.
        sessions_ended: usize,
    },
    /// A page of users.
    Users {
        /// The users.
        users: Vec<UserDetails>,
        /// Where the next page begins.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        next: Option<String>,
    },
    /// A user.
    User {
        /// The user.
        user: UserDetails,
    },
    /// The roles of a user were replaced.
    RolesChanged {
        /// The user.
        user: UserDetails,
    },
    /// A page of live sessions.
    Sessions {
        /// The sessions.
        sessions: Vec<SessionDetails>,
        /// Where the next page begins.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        next: Option<String>,
    },
    /// A session was ended.
    SessionEnded {
        /// The session.
        session: SessionId,
        /// Its user.
        user: UserId,
    },
    /// A page of the denylist.
    Denials {
        /// The denials.
        denials: Vec<DenialDetails>,
        /// Where the next page begins.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        next: Option<String>,
    },
    /// An access token is refused.
    TokenDenied {
        /// The id of the token.
        token: TokenId,
    },
    /// An access token is accepted again.
    DenialLifted {
        /// The id of the token.
        token: TokenId,
    },
    /// The signing keys.
    Keys {
        /// The keys, newest first.
        keys: Vec<KeyDetails>,
    },
    /// A local account was created.
    UserCreated {
        /// The username.
        username: String,
        /// The user.
        user: UserInfo,
        /// The link with which the user sets the password; absent if the operator set it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        link: Option<String>,
        /// When the link expires, in seconds since 1970.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expires_at: Option<u64>,
    },
    /// An invitation was created.
    Invited {
        /// Its link.
        link: String,
        /// When the link expires, in seconds since 1970.
        expires_at: u64,
    },
    /// A link to set a password was created.
    PasswordLinkCreated {
        /// The link.
        link: String,
        /// When the link expires, in seconds since 1970.
        expires_at: u64,
    },
    /// The signing key was rotated, or its successor had already been published.
    KeyRotated {
        /// The id of the newest key.
        kid: String,
        /// The time until the key is used for signing, in seconds.
        signs_in_seconds: u64,
    },
}

/// A user, shown so that the operator can check that it is the intended one. An unverified address
/// may belong to a different person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserInfo {
    /// The user's id.
    pub id: UserId,
    /// The email address.
    pub email: Option<String>,
    /// Whether the provider reports the address as verified.
    pub email_verified: bool,
}

impl From<User> for UserInfo {
    fn from(user: User) -> Self {
        Self {
            id: user.id,
            email: user.email,
            email_verified: user.email_verified,
        }
    }
}
