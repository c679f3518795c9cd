//! Records as they stand in a backup: what an index can be made from again is left out.

use latchkey_core::{
    AuditEvent, Cutoff, Denial, LoginFlow, SealedSigningKey, Session, SessionOrigin, Timestamp,
    User,
};
use serde::{Deserialize, Serialize};

/// One record, of whichever kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Record {
    /// A session, live or ended.
    #[serde(rename = "session")]
    Session {
        /// Its record.
        #[serde(flatten)]
        session: Session,
        /// Where it comes from.
        origin: SessionOrigin,
    },
    /// An account.
    User(User),
    /// A security event.
    Event {
        /// Which of the events of that very millisecond.
        nth: u8,
        /// The event.
        #[serde(flatten)]
        event: AuditEvent,
    },
    /// An entry of the denylist.
    Denial(Denial),
    /// A sign-in under way.
    LoginFlow(LoginFlow),
    /// A signing key, sealed with the master key.
    SigningKey(SealedSigningKey),
    /// The latest cut-off of everyone's sessions.
    EveryoneEnded(Cutoff),
    /// The latest moment of a sweep.
    SweptUntil(Timestamp),
}

/// Where to go on with an export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bookmark {
    /// The number of the kind that is under way.
    pub(crate) kind: usize,
    /// The key of the last record.
    pub(crate) after: Option<Vec<u8>>,
}
