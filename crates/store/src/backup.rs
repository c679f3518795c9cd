//! Records as they are written to a backup. Indexes are left out: they are rebuilt on import.
//!
//! ```
//! use latchkey_core::{StoreId, Timestamp};
//! use latchkey_store::{Backup as _, Maintenance as _, MemoryStore, StoreError};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), StoreError> {
//! # let now = Timestamp::from_secs(1_800_000_000);
//! let from = MemoryStore::empty();
//! # from.identify(StoreId::from_bytes([1; 16]), now).await?;
//! let to = MemoryStore::empty();
//! assert!(to.begin_import().await?);
//! let mut cursor = None;
//! loop {
//!     let (records, next) = from.export(cursor).await?;
//!     to.import(records).await?;
//!     let Some(next) = next else { break };
//!     cursor = Some(next);
//! }
//! to.finish_import().await?;
//! # assert_eq!(to.swept_until().await?, now);
//! # Ok(())
//! # }
//! ```

use core::fmt;

use latchkey_core::{
    AuditEvent, AuditRecord, Credential, Cutoff, Denial, FlowId, SealedSigningKey, Session,
    SessionOrigin, Timestamp, User, UserId, Username,
};
use serde::{Deserialize, Serialize};

/// A record of any table that is backed up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Record {
    /// A session, live or ended.
    #[serde(rename = "session")]
    Session {
        /// The session's record.
        #[serde(flatten)]
        session: Session,
        /// Where the user signed in from.
        origin: SessionOrigin,
    },
    /// A user.
    User(User),
    /// The credential of a local account. One-time links are not backed up: a restored link could
    /// be used a second time.
    Credential {
        /// The username.
        username: Username,
        /// The credential.
        #[serde(flatten)]
        credential: Credential,
    },
    /// A security event.
    Event {
        /// The event's number within its millisecond.
        nth: u8,
        /// The event.
        #[serde(flatten)]
        event: AuditEvent,
    },
    /// An entry of the denylist.
    Denial(Denial),
    /// A login flow in progress. Only backups of earlier versions contain it; the import skips it.
    LoginFlow(PastLoginFlow),
    /// A signing key, sealed with the master key.
    SigningKey(SealedSigningKey),
    /// The latest cutoff that applies to the sessions of all users.
    EveryoneEnded(Cutoff),
    /// A record of the audit log. Refreshes and hourly counts are not backed up.
    Audit(AuditRecord),
    /// The latest time that a sweep used as the current time.
    SweptUntil(Timestamp),
    /// A user whose deletion was still in progress.
    Deletion {
        /// The user.
        user: UserId,
        /// When the deletion began.
        at: Timestamp,
    },
}

/// A login flow in progress as earlier versions stored it. All fields are needed to verify the
/// message authentication code of a backup line.
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

/// The position from which an export continues.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportCursor {
    /// The number of the current step; each step exports one table.
    pub(crate) step: usize,
    /// The key of the last exported record.
    pub(crate) after: Option<Vec<u8>>,
}
