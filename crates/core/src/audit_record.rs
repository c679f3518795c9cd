//! The audit log: what happened on the whole server, for its operator. The history that a user
//! sees is in [`crate::audit`]. Storing and removing records is the store's task.
//!
//! ```
//! use latchkey_core::audit_record::{AuditRecord, RecordClass, RecordKind, ServerAct};
//! use latchkey_core::Timestamp;
//!
//! let kind: RecordKind = ServerAct::KeyRotated.into();
//! assert_eq!(kind.to_string(), "key_rotated");
//! let record = AuditRecord::new(Timestamp::from_secs(1_800_000_000), kind);
//! assert_eq!(record.class(), RecordClass::OperatorActs);
//! assert_eq!(record.user, None);
//! ```

use core::cmp::Reverse;
use core::fmt;
use core::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::IntoDeserializer as _;
use serde::de::value::StrDeserializer;
use serde::{Deserialize, Serialize};

use crate::audit::{Actor, AuditEvent, AuditKind, Device};
use crate::clock::Timestamp;
use crate::id::{SessionId, UserId};

/// A record: what happened, who did it and from where, and how it ended. It never contains a token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditRecord {
    /// When it happened.
    pub at: Timestamp,
    /// What happened.
    pub kind: RecordKind,
    /// How it ended.
    pub outcome: RecordOutcome,
    /// The user it concerns.
    #[serde(rename = "sub", default, skip_serializing_if = "Option::is_none")]
    pub user: Option<UserId>,
    /// The session it concerns.
    #[serde(rename = "sid", default, skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionId>,
    /// The name of the provider of a sign-in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// Where the request came from.
    #[serde(rename = "by", default, skip_serializing_if = "is_unknown")]
    pub device: Device,
    /// Who acted, if it was not the user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<Actor>,
    /// Further details, such as why a request was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

fn is_unknown(device: &Device) -> bool {
    *device == Device::default()
}

impl AuditRecord {
    /// A record of success, about no user or session.
    pub fn new(at: Timestamp, kind: impl Into<RecordKind>) -> Self {
        Self {
            at,
            kind: kind.into(),
            outcome: RecordOutcome::Success,
            user: None,
            session: None,
            provider: None,
            device: Device::default(),
            actor: None,
            detail: None,
        }
    }

    /// The class that the record is stored in.
    pub fn class(&self) -> RecordClass {
        match self.kind.classes() {
            [class] => *class,
            _ if self.actor.is_some() || self.kind.is_by_operator() => RecordClass::OperatorActs,
            _ => RecordClass::UserActs,
        }
    }

    /// Removes the addresses and devices of the user, whose account was deleted; returns whether
    /// there were any. An operator's address is not about the user.
    pub fn strip(&mut self) -> bool {
        let before = self.clone();
        if self.actor.is_none() {
            self.device.address = None;
            self.device.user_agent = None;
        }
        // The detail of a replay contains an address.
        if self.kind == AuditKind::Replayed.into() {
            self.detail = None;
        }
        *self != before
    }
}

impl From<&AuditEvent> for AuditRecord {
    fn from(event: &AuditEvent) -> Self {
        let outcome = match event.kind {
            AuditKind::Replayed | AuditKind::ProofMissing | AuditKind::NotAdmitted => {
                RecordOutcome::Refused
            }
            _ => RecordOutcome::Success,
        };
        Self {
            outcome,
            user: Some(event.user),
            session: event.session,
            device: event.device.clone(),
            actor: event.actor,
            detail: event
                .other_address
                .as_ref()
                .map(|address| format!("session opened at {address}")),
            ..Self::new(event.at, event.kind)
        }
    }
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum RecordKind {
    /// An event that the user's own history contains too.
    Account(AuditKind),
    /// Anything else.
    Server(ServerAct),
    /// A kind that only a later version of this program knows.
    Unknown(String),
}

/// What happened on the server and is not an event in a user's history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServerAct {
    /// A session was refreshed.
    Refreshed,
    /// A refresh was repeated because its response had been lost.
    RefreshRepeated,
    /// A sign-in was refused or failed.
    SignInRefused,
    /// A refresh token was refused, or the refresh failed.
    RefreshRefused,
    /// A request to the admin API was refused.
    RequestRefused,
    /// A sign-up was refused or failed.
    SignUpRefused,
    /// A change of a password was refused or failed: the current password was wrong, the link was
    /// not valid, or a link was requested too often.
    PasswordChangeRefused,
    /// Further refusals in a minute, which have no records; the detail contains their number.
    RefusalsOmitted,
    /// A local account was created.
    AccountCreated,
    /// An operator created an invitation.
    InvitationCreated,
    /// A link to set a password was created.
    PasswordLinkCreated,
    /// All sessions of all users were ended.
    EveryoneEnded,
    /// A signing key was added.
    KeyRotated,
    /// A backup was exported.
    Exported,
    /// The audit log was exported.
    AuditExported,
    /// A server started.
    Started,
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordOutcome {
    /// It was done.
    Success,
    /// It was refused.
    Refused,
    /// It failed.
    Failed,
}

/// A class of records. Each class is limited separately, so that the many records of refreshes, and
/// those of refusals, which anyone can cause, do not displace the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RecordClass {
    /// Acts of users, and what follows from them.
    UserActs,
    /// Acts of operators, and of the server itself. Users cannot cause them, so these records are
    /// removed only because of their age or of newer acts of operators.
    OperatorActs,
    /// Refreshes.
    Refreshes,
    /// Refused requests.
    Refusals,
}

impl RecordClass {
    /// Every class.
    pub const ALL: [Self; 4] = [
        Self::UserActs,
        Self::OperatorActs,
        Self::Refreshes,
        Self::Refusals,
    ];
}

impl RecordKind {
    /// The classes that can contain records of this kind. Earlier versions stored all acts as acts
    /// of users.
    pub fn classes(&self) -> &'static [RecordClass] {
        match self {
            Self::Server(ServerAct::Refreshed | ServerAct::RefreshRepeated) => {
                &[RecordClass::Refreshes]
            }
            Self::Server(
                ServerAct::SignInRefused
                | ServerAct::RefreshRefused
                | ServerAct::RequestRefused
                | ServerAct::SignUpRefused
                | ServerAct::PasswordChangeRefused
                | ServerAct::RefusalsOmitted,
            ) => &[RecordClass::Refusals],
            Self::Account(_) | Self::Server(_) | Self::Unknown(_) => {
                &[RecordClass::UserActs, RecordClass::OperatorActs]
            }
        }
    }

    /// Whether only an operator or the server itself does this.
    fn is_by_operator(&self) -> bool {
        match self {
            Self::Account(kind) => matches!(
                kind,
                AuditKind::EndedByOperator
                    | AuditKind::Banned
                    | AuditKind::Unbanned
                    | AuditKind::RolesChanged
                    | AuditKind::TokenDenied
                    | AuditKind::DenialLifted
            ),
            Self::Server(act) => matches!(
                act,
                ServerAct::InvitationCreated
                    | ServerAct::EveryoneEnded
                    | ServerAct::KeyRotated
                    | ServerAct::Exported
                    | ServerAct::AuditExported
                    | ServerAct::Started
            ),
            Self::Unknown(_) => false,
        }
    }
}

/// The name of the kind, such as `signed_in`.
impl fmt::Display for RecordKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

impl From<AuditKind> for RecordKind {
    fn from(kind: AuditKind) -> Self {
        Self::Account(kind)
    }
}

impl From<ServerAct> for RecordKind {
    fn from(act: ServerAct) -> Self {
        Self::Server(act)
    }
}

/// The text is not the name of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownKind;

impl fmt::Display for UnknownKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no audit record has this kind; docs/http-api.md lists the kinds")
    }
}

impl core::error::Error for UnknownKind {}

impl FromStr for RecordKind {
    type Err = UnknownKind;

    fn from_str(text: &str) -> Result<Self, UnknownKind> {
        let text: StrDeserializer<'_, serde::de::value::Error> = text.into_deserializer();
        match Self::deserialize(text) {
            Ok(Self::Unknown(_)) | Err(_) => Err(UnknownKind),
            Ok(kind) => Ok(kind),
        }
    }
}

/// The position of a record among all records. Its text form is the record's id, and the opaque
/// cursor of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordPosition {
    /// When it happened.
    pub at: Timestamp,
    /// Distinguishes records of the same millisecond: a hash of the record, so that an operation
    /// that is repeated after a conflict or a lost response adds no second record.
    pub suffix: u64,
}

impl RecordPosition {
    /// The position before the first record that is older than `at`.
    pub fn end_of(at: Timestamp) -> Self {
        Self {
            at,
            suffix: u64::MAX,
        }
    }

    /// Sorts positions as the store does: newest first.
    pub fn order(self) -> (Reverse<Timestamp>, u64) {
        (Reverse(self.at), self.suffix)
    }
}

impl fmt::Display for RecordPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.at.as_millis().to_be_bytes());
        bytes[8..].copy_from_slice(&self.suffix.to_be_bytes());
        f.write_str(&URL_SAFE_NO_PAD.encode(bytes))
    }
}

impl FromStr for RecordPosition {
    type Err = crate::audit::InvalidPosition;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut bytes = [0; 16];
        if URL_SAFE_NO_PAD.decode_slice(text, &mut bytes) != Ok(16) {
            return Err(crate::audit::InvalidPosition);
        }
        let bits = u128::from_be_bytes(bytes);
        let [at, suffix] = [bits >> 64, bits & u128::from(u64::MAX)];
        Ok(Self {
            at: Timestamp::from_millis(u64::try_from(at).unwrap_or_default()),
            suffix: u64::try_from(suffix).unwrap_or_default(),
        })
    }
}

/// How many things of each kind happened in an hour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct HourCounts {
    /// Sign-ins.
    pub sign_ins: u64,
    /// Refused sign-ins.
    pub sign_ins_refused: u64,
    /// Refreshes, repeated ones included.
    pub refreshes: u64,
    /// Refused refreshes, replays included.
    pub refreshes_refused: u64,
    /// Replays of a refresh token.
    pub replays: u64,
    /// Live sessions that were ended.
    pub sessions_ended: u64,
}

impl HourCounts {
    /// Applies a function to each pair of counts.
    #[must_use]
    pub fn combined(self, other: Self, combine: fn(u64, u64) -> u64) -> Self {
        Self {
            sign_ins: combine(self.sign_ins, other.sign_ins),
            sign_ins_refused: combine(self.sign_ins_refused, other.sign_ins_refused),
            refreshes: combine(self.refreshes, other.refreshes),
            refreshes_refused: combine(self.refreshes_refused, other.refreshes_refused),
            replays: combine(self.replays, other.replays),
            sessions_ended: combine(self.sessions_ended, other.sessions_ended),
        }
    }
}

/// How long the counts of an hour are kept.
pub const HOUR_RETENTION: core::time::Duration = core::time::Duration::from_hours(30 * 24);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_parsed_from_their_names() {
        for (name, kind) in [
            ("signed_in", RecordKind::Account(AuditKind::SignedIn)),
            ("unproven", RecordKind::Account(AuditKind::ProofMissing)),
            ("refreshed", RecordKind::Server(ServerAct::Refreshed)),
        ] {
            assert_eq!(name.parse(), Ok(kind.clone()));
            assert_eq!(kind.to_string(), name);
            let json = serde_json::to_string(&kind).expect("JSON");
            assert_eq!(json, format!("\"{name}\""));
        }
        assert_eq!("danced".parse::<RecordKind>(), Err(UnknownKind));
    }

    #[test]
    fn acts_of_operators_have_a_class_of_their_own() {
        let class = |kind: RecordKind, actor| {
            let record = AuditRecord::new(Timestamp::from_secs(1_800_000_000), kind);
            AuditRecord { actor, ..record }.class()
        };
        let user_acts = [AuditKind::SignedIn, AuditKind::SignedOut];
        for kind in user_acts.map(RecordKind::from) {
            assert_eq!(class(kind.clone(), None), RecordClass::UserActs);
            let by_operator = class(kind, Some(Actor::CommandLine));
            assert_eq!(by_operator, RecordClass::OperatorActs);
        }
        for kind in [
            AuditKind::Banned.into(),
            AuditKind::RolesChanged.into(),
            ServerAct::KeyRotated.into(),
            ServerAct::EveryoneEnded.into(),
        ] {
            assert_eq!(class(kind, None), RecordClass::OperatorActs);
        }
        let refused = ServerAct::RequestRefused.into();
        assert_eq!(
            class(refused, Some(Actor::CommandLine)),
            RecordClass::Refusals
        );
    }

    /// After an upgrade of one of several servers, the others read its records.
    #[test]
    fn record_of_an_unknown_kind_is_read() {
        let json = r#"{"at":1800000000000,"kind":"danced","outcome":"success"}"#;
        let record: AuditRecord = serde_json::from_str(json).expect("a record");
        assert_eq!(record.kind, RecordKind::Unknown("danced".to_owned()));
        assert_eq!(record.kind.to_string(), "danced");
        assert_eq!(serde_json::to_string(&record).expect("JSON"), json);
    }

    #[test]
    fn positions_round_trip_as_text_and_sort_newest_first() {
        let position = |at, suffix| RecordPosition {
            at: Timestamp::from_millis(at),
            suffix,
        };
        let one = position(1_800_000_000_123, u64::MAX - 7);
        assert_eq!(one.to_string().parse(), Ok(one));
        for text in ["", "AAAA", "../../etc/passwd"] {
            assert!(text.parse::<RecordPosition>().is_err(), "{text}");
        }
        let mut all = [position(1, 2), position(2, 9), position(1, 1)];
        all.sort_by_key(|it| it.order());
        assert_eq!(all, [position(2, 9), position(1, 1), position(1, 2)]);
    }
}
