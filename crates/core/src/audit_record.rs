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

mod hours;
mod kind;
mod position;

use serde::{Deserialize, Serialize};

pub use self::hours::{HOUR_RETENTION, HourCounts};
pub use self::kind::{RecordClass, RecordKind, ServerAct, UnknownKind};
pub use self::position::RecordPosition;
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
    /// A record of a success, without a user or session.
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

    /// Removes the address and device of a user whose account was deleted, but not those of an
    /// operator. Returns whether the record changed.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operator_acts_have_their_own_class() {
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

    /// When one of several servers has been upgraded, the others must be able to read its records.
    #[test]
    fn record_of_an_unknown_kind_is_read() {
        let json = r#"{"at":1800000000000,"kind":"danced","outcome":"success"}"#;
        let record: AuditRecord = serde_json::from_str(json).expect("a record");
        assert_eq!(record.kind, RecordKind::Unknown("danced".to_owned()));
        assert_eq!(record.kind.to_string(), "danced");
        assert_eq!(serde_json::to_string(&record).expect("JSON"), json);
    }
}
