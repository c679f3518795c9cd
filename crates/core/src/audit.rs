//! Security events of a user: what happened, when, and from where. Storing and pruning them is the
//! store's task.

use core::fmt;
use core::str::FromStr;
use core::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::end_reason::EndReason;
use crate::id::{InvalidId, SessionId, UserId};

/// How many events are kept per user; the oldest are dropped first.
pub const KEPT_EVENTS: usize = 200;
/// How long an event is kept.
pub const RETENTION: Duration = Duration::from_hours(90 * 24);
/// An event that an attacker can cause at will is recorded at most once in this period, so that a
/// flood of such events cannot push out the user's history.
pub const DEDUP_WINDOW: Duration = Duration::from_mins(10);

/// Where a request came from, as far as known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// The `User-Agent` header, truncated.
    #[serde(rename = "ua", default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// The IP address.
    #[serde(rename = "ip", default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The id of the request, as in its response and in the log.
    #[serde(rename = "req", default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

/// Who acts on behalf of the operator. Its text form is the user id of an administrator,
/// `application` or `command line`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Actor {
    /// An administrator, over the API.
    Admin(UserId),
    /// The application that embeds Latchkey.
    Application,
    /// Someone with access to the data directory.
    CommandLine,
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Admin(id) => write!(f, "{id}"),
            Self::Application => f.write_str("application"),
            Self::CommandLine => f.write_str("command line"),
        }
    }
}

impl From<Actor> for String {
    fn from(actor: Actor) -> Self {
        actor.to_string()
    }
}

impl TryFrom<String> for Actor {
    type Error = InvalidId;

    fn try_from(text: String) -> Result<Self, InvalidId> {
        match text.as_str() {
            "application" => Ok(Self::Application),
            "command line" => Ok(Self::CommandLine),
            id => id.parse().map(Self::Admin),
        }
    }
}

/// Who requested a change, and from where.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Requester {
    /// Who acted on behalf of the operator; `None` if it was the user.
    pub actor: Option<Actor>,
    /// The device that sent the request.
    pub device: Device,
}

/// A security event of a user or one of their sessions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEvent {
    /// When it happened.
    pub at: Timestamp,
    /// What happened.
    pub kind: AuditKind,
    /// The user it happened to.
    #[serde(rename = "sub")]
    pub user: UserId,
    /// The session it happened to, if it concerns a single session.
    #[serde(rename = "sid", default, skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionId>,
    /// The origin of the request that caused the event; not in the user's own history if an
    /// operator acted.
    #[serde(rename = "by", default)]
    pub device: Device,
    /// Who acted on behalf of the operator; `None` if the user acted. Not in the user's own history.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<Actor>,
    /// For [`AuditKind::Replayed`]: the address from which the session was opened.
    #[serde(rename = "other", default, skip_serializing_if = "Option::is_none")]
    pub other_address: Option<String>,
}

/// The kind of a security event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuditKind {
    /// A session was opened.
    SignedIn,
    /// The user signed out of a session.
    SignedOut,
    /// The user ended a session from another of their sessions.
    EndedRemotely,
    /// The user ended all their sessions, or all but the current one.
    EndedAll,
    /// A refresh token was reused; the session was ended.
    Replayed,
    /// A refresh token of a bound session was sent without a DPoP proof signed with the session's
    /// key; no tokens were issued.
    #[serde(rename = "unproven")]
    ProofMissing,
    /// A token was revoked through the API (RFC 7009).
    Revoked,
    /// An operator ended sessions.
    EndedByOperator,
    /// An operator banned the user.
    Banned,
    /// An operator lifted the ban.
    Unbanned,
    /// The user set or changed the password; the user's other sessions were ended.
    PasswordChanged,
    /// An operator changed the roles granted to the user.
    RolesChanged,
    /// An operator added an access token to the denylist.
    TokenDenied,
    /// An operator removed an access token from the denylist.
    DenialLifted,
    /// A session was ended to make room for a new one.
    Displaced,
    /// A session was ended at its refresh because the user is no longer admitted.
    NotAdmitted,
    /// The user added an identity: another way to sign in.
    IdentityLinked,
    /// The user removed an identity; the sessions that were opened with it ended.
    IdentityRemoved,
    /// The user deleted the account. The audit log records this; the user's own history is deleted
    /// with the account.
    AccountDeleted,
}

impl From<EndReason> for AuditKind {
    fn from(reason: EndReason) -> Self {
        match reason {
            EndReason::SignedOut => Self::SignedOut,
            EndReason::EndedRemotely => Self::EndedRemotely,
            EndReason::EndedAll => Self::EndedAll,
            EndReason::Revoked => Self::Revoked,
            EndReason::Replayed => Self::Replayed,
            EndReason::EndedByOperator => Self::EndedByOperator,
            EndReason::Banned => Self::Banned,
            EndReason::Displaced => Self::Displaced,
            EndReason::PasswordChanged => Self::PasswordChanged,
            EndReason::NotAdmitted => Self::NotAdmitted,
            EndReason::IdentityRemoved => Self::IdentityRemoved,
            EndReason::AccountDeleted => Self::AccountDeleted,
        }
    }
}

/// The position of an event among the user's events; later events are greater. Its text form is the
/// opaque cursor of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AuditPosition {
    /// When the event happened.
    pub at: Timestamp,
    /// The index of the event among those of the same millisecond.
    pub nth: u8,
}

impl fmt::Display for AuditPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = [self.nth; 9];
        bytes[..8].copy_from_slice(&self.at.as_millis().to_be_bytes());
        f.write_str(&URL_SAFE_NO_PAD.encode(bytes))
    }
}

/// The text is not a valid cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidPosition;

impl fmt::Display for InvalidPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("`before` must be the value of `next` from an earlier response")
    }
}

impl core::error::Error for InvalidPosition {}

impl FromStr for AuditPosition {
    type Err = InvalidPosition;

    fn from_str(text: &str) -> Result<Self, InvalidPosition> {
        let mut bytes = [0; 9];
        match URL_SAFE_NO_PAD.decode_slice(text, &mut bytes) {
            Ok(9) => {
                let [at @ .., nth] = bytes;
                let at = Timestamp::from_millis(u64::from_be_bytes(at));
                Ok(Self { at, nth })
            }
            _ => Err(InvalidPosition),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Actor, AuditKind, AuditPosition, InvalidPosition};
    use crate::clock::Timestamp;
    use crate::id::UserId;

    #[test]
    fn only_valid_cursors_are_parsed() {
        let position = AuditPosition {
            at: Timestamp::from_millis(1_800_000_000_123),
            nth: 7,
        };
        assert_eq!(position.to_string().parse(), Ok(position));
        for text in [
            "",
            "x",
            "AAAA",
            "AAAAAAAAAAAAA",
            "AAAAAAAAAAA=",
            "../../etc/passwd",
        ] {
            assert_eq!(
                text.parse::<AuditPosition>(),
                Err(InvalidPosition),
                "{text}"
            );
        }
    }

    #[test]
    fn actors_are_serialized_as_text() {
        let admin = UserId::from_bytes([7; 16]);
        for actor in [Actor::Admin(admin), Actor::Application, Actor::CommandLine] {
            let text = serde_json::to_string(&actor).expect("JSON");
            assert_eq!(text, format!("\"{actor}\""));
            assert_eq!(serde_json::from_str::<Actor>(&text).ok(), Some(actor));
        }
        assert!(serde_json::from_str::<Actor>("\"nobody\"").is_err());
    }

    #[test]
    fn serialized_name_of_a_missing_proof_is_unchanged() {
        let text = serde_json::to_string(&AuditKind::ProofMissing).expect("JSON");
        assert_eq!(text, "\"unproven\"");
    }
}
