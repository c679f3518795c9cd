//! Security events of an account: what happened, when, and where it came from.

use core::fmt;
use core::str::FromStr;
use core::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::end_reason::EndReason;
use crate::id::{SessionId, UserId};

/// How many events an account keeps; the oldest give way.
pub const KEPT_EVENTS: usize = 200;
/// How long an event is kept.
pub const RETENTION: Duration = Duration::from_hours(90 * 24);
/// Within this long, what a stranger can bring about as often as they like is one event: it must
/// not push the account's history out.
pub const DEDUP_WINDOW: Duration = Duration::from_mins(10);

/// Where a request came from, as far as it is known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// `User-Agent`, cut to a bounded length.
    #[serde(rename = "ua", default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// The address.
    #[serde(rename = "ip", default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

/// Something happened to an account or one of its sessions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEvent {
    /// When.
    pub at: Timestamp,
    /// What.
    pub kind: AuditKind,
    /// To whose account.
    #[serde(rename = "sub")]
    pub user: UserId,
    /// To which session, if it was one.
    #[serde(rename = "sid", default, skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionId>,
    /// Who caused it; of an operator nothing is kept.
    #[serde(rename = "by", default)]
    pub device: Device,
    /// For [`AuditKind::Replayed`]: where the session was signed in.
    #[serde(rename = "other", default, skip_serializing_if = "Option::is_none")]
    pub other_address: Option<String>,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuditKind {
    /// A session was opened.
    SignedIn,
    /// A session was ended from itself.
    SignedOut,
    /// A session was ended from another one of the same person.
    EndedRemotely,
    /// All sessions, or all but one, were ended at once.
    EndedAll,
    /// A refresh token was used twice.
    Replayed,
    /// A refresh token of a bound session came without its key; nothing was given.
    Unproven,
    /// A token was revoked through the API (RFC 7009).
    Revoked,
    /// The operator ended sessions.
    EndedByOperator,
    /// The operator banned the account.
    Banned,
    /// The operator lifted the ban.
    Unbanned,
    /// A session was ended to make room for a new one.
    Displaced,
    /// A session was ended at its refresh: the account is not admitted any more.
    NotAdmitted,
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
            EndReason::NotAdmitted => Self::NotAdmitted,
        }
    }
}

/// Where an event stands among its account's: later ones are greater. Written as text it is the
/// opaque cursor of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AuditPosition {
    /// When.
    pub at: Timestamp,
    /// Which of the events of that very millisecond.
    pub nth: u8,
}

impl fmt::Display for AuditPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = [self.nth; 9];
        bytes[..8].copy_from_slice(&self.at.as_millis().to_be_bytes());
        f.write_str(&URL_SAFE_NO_PAD.encode(bytes))
    }
}

/// The text is no cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidPosition;

impl fmt::Display for InvalidPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("before must be the `next` of an earlier answer")
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
    use super::{AuditPosition, InvalidPosition};
    use crate::clock::Timestamp;

    #[test]
    fn a_cursor_is_read_back_and_nothing_else_is_one() {
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
}
