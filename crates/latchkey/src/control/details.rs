//! The users, sessions, denials and signing keys that commands print. Times are in seconds since
//! 1970.

use core::fmt;

use latchkey_axum::use_cases::operator::KeyState;
use latchkey_core::{
    Denial, SealedSigningKey, SessionId, SigningAlgorithm, Timestamp, User, UserId,
};
use latchkey_store::SessionOfUser;
use serde::{Deserialize, Serialize};

/// A user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserDetails {
    /// The user's id.
    pub id: UserId,
    /// The username of a local account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// The email address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Whether the provider reports the address as verified.
    pub email_verified: bool,
    /// The display name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The issuer of the user's oldest identity.
    pub issuer: String,
    /// The subject of the user's oldest identity.
    pub subject: String,
    /// The roles that an operator granted.
    pub granted_roles: Vec<String>,
    /// When the user was created.
    pub created_at: u64,
    /// The ban in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ban: Option<BanDetails>,
}

/// A ban in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BanDetails {
    /// When the user was banned.
    pub at: u64,
    /// The reason.
    pub reason: String,
    /// When the ban ends by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<u64>,
}

/// A live session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionDetails {
    /// The session's id.
    pub id: SessionId,
    /// Its user.
    pub user: UserId,
    /// The user's email address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The provider that authenticated the user.
    pub provider: String,
    /// The IP address of the sign-in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The `User-Agent` header of the sign-in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// When it was opened.
    pub opened_at: u64,
    /// When it was last refreshed, or opened.
    pub last_seen: u64,
    /// When it expires unless it is refreshed.
    pub expires_at: u64,
}

/// A denial in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DenialDetails {
    /// What `id` is: `token`, `session`, `user` or `everyone`.
    pub kind: String,
    /// The id of what is denied; empty for everyone.
    pub id: String,
    /// Why it is denied: the text that an operator gave, or a fixed word.
    pub reason: String,
    /// When it was denied.
    pub at: u64,
    /// When the entry is dropped: every token that it concerns has expired by then.
    pub until: u64,
    /// Who added it, if an operator did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Whether it can be lifted.
    pub liftable: bool,
}

/// A signing key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyDetails {
    /// The key's id.
    pub kid: String,
    /// The signature algorithm.
    pub algorithm: SigningAlgorithm,
    /// When it was created.
    pub created_at: u64,
    /// When it starts to sign.
    pub signs_from: u64,
    /// What it is used for now.
    pub state: KeyState,
    /// When it is removed; absent if it has no successor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<u64>,
}

/// An access token on its way to the server that verifies it.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TokenText(pub String);

/// Omits the token.
impl fmt::Debug for TokenText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenText")
    }
}

impl UserDetails {
    /// A user with the ban that is in force now.
    pub fn of(user: User, now: Timestamp) -> Self {
        let ban = user.ban_in_force(now).map(|ban| BanDetails {
            at: ban.at.as_secs(),
            reason: ban.reason.clone(),
            until: ban.until.map(Timestamp::as_secs),
        });
        Self {
            id: user.id,
            username: user.username.map(|name| name.to_string()),
            email: user.email,
            email_verified: user.email_verified,
            name: user.name,
            issuer: user.identity.issuer,
            subject: user.identity.subject,
            granted_roles: user.roles,
            created_at: user.created_at.as_secs(),
            ban,
        }
    }
}

impl From<SessionOfUser> for SessionDetails {
    fn from(SessionOfUser { live, user }: SessionOfUser) -> Self {
        let (session, origin) = (live.session, live.origin);
        Self {
            id: session.id,
            user: user.id,
            email: user.email,
            provider: origin.provider,
            address: origin.address,
            user_agent: origin.user_agent,
            opened_at: session.opened_at.as_secs(),
            last_seen: session.rotated_at.as_secs(),
            expires_at: session.idle_end.as_secs(),
        }
    }
}

impl From<Denial> for DenialDetails {
    fn from(denial: Denial) -> Self {
        Self {
            kind: denial.denied.kind().to_owned(),
            id: denial.denied.id(),
            reason: denial.explanation().to_owned(),
            at: denial.at.as_secs(),
            until: denial.until.as_secs(),
            by: denial.added_by().map(|actor| actor.to_string()),
            liftable: denial.is_liftable(),
        }
    }
}

impl From<(SealedSigningKey, KeyState)> for KeyDetails {
    fn from((key, state): (SealedSigningKey, KeyState)) -> Self {
        Self {
            kid: key.kid,
            algorithm: key.algorithm,
            created_at: key.created_at.as_secs(),
            signs_from: key.signs_from.as_secs(),
            state,
            expires_at: key.verifies_until.map(Timestamp::as_secs),
        }
    }
}
