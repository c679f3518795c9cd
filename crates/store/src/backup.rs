//! Records as they stand in a backup: what an index can be made from again is left out.

use core::fmt;

use latchkey_core::{
    AuditEvent, Cutoff, Denial, FlowId, SealedSigningKey, Session, SessionOrigin, Timestamp, User,
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
    /// A sign-in under way, in the backup of an earlier version; it is left out of new ones, and
    /// imported as nothing.
    LoginFlow(PastLoginFlow),
    /// A signing key, sealed with the master key.
    SigningKey(SealedSigningKey),
    /// The latest cut-off of everyone's sessions.
    EveryoneEnded(Cutoff),
    /// The latest moment of a sweep.
    SweptUntil(Timestamp),
}

/// What earlier versions stored of a sign-in under way. All of it counts for a backup's checks.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastLoginFlow {
    id: FlowId,
    provider: String,
    state: String,
    nonce: String,
    verifier: String,
    return_to: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    max_age: Option<u64>,
    pub(crate) expires_at: Timestamp,
}

impl fmt::Debug for PastLoginFlow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PastLoginFlow")
            .field("provider", &self.provider)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// Where to go on with an export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportCursor {
    /// The number of the kind that is under way.
    pub(crate) kind: usize,
    /// The key of the last record.
    pub(crate) after: Option<Vec<u8>>,
}
