//! The traits that every store implements, one per kind of record, and [`Store`], which combines
//! them.
//!
//! These guarantees hold for all methods:
//!
//! - **Atomicity.** Unless its documentation says otherwise, a method that changes something makes
//!   one atomic change: it is made completely or not at all, and concurrent changes behave as if
//!   they ran one after the other. The method returns after the change is durable: it survives a loss of
//!   power, except in [`MemoryStore`](crate::MemoryStore), which persists nothing.
//! - **Reads.** A method that reads returns a consistent snapshot, unless its documentation says
//!   that it reads in several steps: then each record is as it was when it was read.
//! - **Errors.** After an error the change may or may not have been made: the connection can fail
//!   after the commit and before the response. The caller must not acknowledge the change, and may
//!   retry. A retry adds at most a second event to the user's history. If the first call was
//!   committed, the result of the retry can differ: [`SigningKeys::add_signing_key`], for example,
//!   then returns `false`.
//! - **Events.** An operation that should be visible to the user records a security event in the
//!   same change.
//! - **Contention.** Refreshes and sign-ins of a user cannot delay a ban, a sign-out everywhere, or
//!   the end of a session.
//!
//! ```
//! use std::sync::Arc;
//!
//! use latchkey_core::{StoreId, Timestamp};
//! use latchkey_store::{MemoryStore, Store, StoreError};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), StoreError> {
//! let store: Arc<dyn Store> = Arc::new(MemoryStore::empty());
//! let fresh = StoreId::from_bytes([1; 16]);
//! let id = store.identify(fresh, Timestamp::from_secs(1_800_000_000)).await?;
//! assert_eq!(store.id().await?, Some(id));
//! # Ok(())
//! # }
//! ```

mod audit;
mod replication;
mod signing_keys;
mod users;

use async_trait::async_trait;
use latchkey_core::{
    AuditEvent, Denial, Denied, FlowId, Requester, Session, SessionId, StoreId, Timestamp, UserId,
};

use crate::backup::{ExportCursor, Record};
use crate::error::StoreError;
use crate::request::{
    AllEnded, EndSession, EndSessions, Ended, LiftOutcome, LiveSession, NewSession, OpenOutcome,
    Rotate, Rotated, SessionOfUser, StoredSessions,
};
use crate::search::{ListCursor, ListPage};

pub use audit::{Audit, AuditLog, Statistics};
pub use replication::Replication;
pub use signing_keys::SigningKeys;
pub use users::{LocalAccounts, Users};

/// A store: everything that Latchkey persists.
pub trait Store:
    Users
    + LocalAccounts
    + Sessions
    + Flows
    + Denials
    + SigningKeys
    + Audit
    + AuditLog
    + Statistics
    + Backup
    + Replication
    + Maintenance
{
}

impl<T> Store for T where
    T: Users
        + LocalAccounts
        + Sessions
        + Flows
        + Denials
        + SigningKeys
        + Audit
        + AuditLog
        + Statistics
        + Backup
        + Replication
        + Maintenance
{
}

/// Sessions.
#[async_trait]
pub trait Sessions: Send + Sync {
    /// Opens a session unless the user is banned, the user or the identity no longer exists, the
    /// identity is suspended, or the password was changed after it was verified. The cutoffs in force
    /// are stored with the session. If a ban is committed concurrently, the session may still be
    /// opened, but the ban's cutoff already ends it.
    ///
    /// If the user then has too many sessions, a separate change ends the excess ones. If that
    /// change fails, the new session stays open, and the next sign-in ends them.
    async fn open_session(&self, new: NewSession) -> Result<OpenOutcome, StoreError>;

    /// The session with this id, live or ended, with the cutoffs applied. They are read after the
    /// session's record. A sweep removes an ended session after
    /// [`SESSION_RETENTION`](crate::request::SESSION_RETENTION).
    async fn session(&self, id: SessionId) -> Result<Option<Session>, StoreError>;

    /// The live sessions of a user, in no particular order. Reads in two steps: a session opened in
    /// between may be missing.
    async fn live_sessions(
        &self,
        user: UserId,
        now: Timestamp,
    ) -> Result<Vec<LiveSession>, StoreError>;

    /// Up to `limit` sessions of a user after the session `after`, in the order of their ids: live
    /// sessions, and those that have ended or expired and are still stored. Reads in two steps.
    async fn stored_sessions(
        &self,
        user: UserId,
        after: Option<SessionId>,
        limit: usize,
    ) -> Result<StoredSessions, StoreError>;

    /// Up to `limit` live sessions of all users, newest first, and where the next page begins.
    /// `None` if `before` belongs to another list. The work for a page is bounded, so a page may be
    /// short although there are more. Records are read one after the other.
    async fn all_sessions(
        &self,
        before: Option<ListCursor>,
        limit: usize,
        now: Timestamp,
    ) -> Result<Option<ListPage<SessionOfUser>>, StoreError>;

    /// Decides on a refresh token (see [`latchkey_core::rotation`]) and stores the outcome; `None`
    /// if the session is unknown.
    async fn rotate(&self, request: Rotate) -> Result<Option<Rotated>, StoreError>;

    /// Ends a session and denies its access tokens. `None` if the session is unknown or does not
    /// belong to [`EndSession::owner`]. Ending it again changes nothing and returns the same
    /// denial.
    async fn end_session(&self, end: EndSession) -> Result<Option<Ended>, StoreError>;

    /// Ends the sessions of a user, all or all but one, and denies their access tokens. Sessions
    /// opened after this call are not affected. `None` if there is no such user. Atomic in the same
    /// way as [`Users::ban_user`].
    async fn end_sessions_of(&self, end: EndSessions) -> Result<Option<AllEnded>, StoreError>;

    /// Ends all open sessions of all users on behalf of the operator, and denies their access
    /// tokens.
    async fn end_everyone(
        &self,
        requester: Requester,
        now: Timestamp,
    ) -> Result<Denial, StoreError>;

    /// Updates the records of sessions that a cutoff, such as that of
    /// [`end_everyone`](Self::end_everyone), has already ended, and returns these sessions. `shard` is
    /// the first byte of their ids. Records the security events of `end_everyone`.
    ///
    /// Makes several changes of bounded size, so it is not atomic. Correctness does not depend on it,
    /// and it may be interrupted and repeated.
    async fn end_sessions_in_shard(&self, shard: u8) -> Result<Vec<Ended>, StoreError>;
}

/// Login flows. A flow in progress leaves nothing in the store.
#[async_trait]
pub trait Flows: Send + Sync {
    /// Marks a flow as finished; `false` if it already was. The mark is retained for a while after
    /// `until`, the expiry of the flow.
    async fn finish_login_flow(&self, id: FlowId, until: Timestamp) -> Result<bool, StoreError>;

    /// Whether a flow is marked as finished.
    async fn is_login_flow_finished(&self, id: FlowId) -> Result<bool, StoreError>;
}

/// The denylist.
#[async_trait]
pub trait Denials: Send + Sync {
    /// Adds denials and returns them as they are stored. If a denial exists already, the later
    /// expiry wins.
    async fn deny(&self, denials: Vec<Denial>) -> Result<Vec<Denial>, StoreError>;

    /// Adds the denial of an access token that its holder revoked, and records a security event
    /// unless it repeats a recent one ([`latchkey_core::audit::DEDUP_WINDOW`]). Returns the denial
    /// as it is stored: no operator can lift it, and it is in force even if an earlier denial of
    /// the token was lifted.
    async fn revoke_token(&self, denial: Denial, event: AuditEvent) -> Result<Denial, StoreError>;

    /// Adds the denial of a single token on behalf of an operator, records a security event, and
    /// returns the denial as it is stored. `None` if the token is denied already.
    async fn add_denial(
        &self,
        denial: Denial,
        event: AuditEvent,
    ) -> Result<Option<Denial>, StoreError>;

    /// Lifts an operator's denial of a single token, and records a security event.
    /// Other servers receive the lifted denial in the same way as an added one.
    async fn lift_denial(
        &self,
        denied: Denied,
        requester: Requester,
        now: Timestamp,
    ) -> Result<LiftOutcome, StoreError>;

    /// Up to `limit` denials that follow `after` in the store's order, expired ones included, and
    /// the position to continue from if there may be more.
    async fn denials(
        &self,
        after: Option<Denied>,
        limit: usize,
    ) -> Result<(Vec<Denial>, Option<Denied>), StoreError>;

    /// Every denial that has neither expired nor been lifted. Reads page by page.
    async fn live_denials(&self, now: Timestamp) -> Result<Vec<Denial>, StoreError> {
        const PAGE_SIZE: usize = 10_000;
        let mut live = Vec::new();
        let mut after = None;
        loop {
            let (page, next) = self.denials(after, PAGE_SIZE).await?;
            live.extend(
                page.into_iter()
                    .filter(|it| now < it.until && !it.is_lifted()),
            );
            if next.is_none() {
                return Ok(live);
            }
            after = next;
        }
    }
}

/// Exporting records, and importing them into an empty store.
#[async_trait]
pub trait Backup: Send + Sync {
    /// The next page of records to back up, and the cursor to continue from if there are more.
    /// Everything committed before the first call is included. Reads in many steps.
    async fn export(
        &self,
        from: Option<ExportCursor>,
    ) -> Result<(Vec<Record>, Option<ExportCursor>), StoreError>;

    /// Begins an import; `false` if the store is not empty. The store cannot be used until
    /// [`finish_import`](Self::finish_import).
    async fn begin_import(&self) -> Result<bool, StoreError>;

    /// Imports records of a backup.
    async fn import(&self, records: Vec<Record>) -> Result<(), StoreError>;

    /// Ends an import after all records have been imported.
    async fn finish_import(&self) -> Result<(), StoreError>;
}

/// The store as a whole.
#[async_trait]
pub trait Maintenance: Send + Sync {
    /// The id of this store, or `None` if it has none yet.
    async fn id(&self) -> Result<Option<StoreId>, StoreError>;

    /// The id of this store, which distinguishes it from another store at the same address. If the
    /// store has no id yet, `fresh` becomes its id. Also builds indexes that an earlier version did
    /// not have.
    async fn identify(&self, fresh: StoreId, now: Timestamp) -> Result<StoreId, StoreError>;

    /// Removes up to `limit` expired records and returns how many index entries it processed.
    /// Correctness does not depend on sweeps.
    async fn sweep(&self, now: Timestamp, limit: usize) -> Result<usize, StoreError>;

    /// The latest time that a sweep used as the current time. Records that expired before it may
    /// have been removed.
    async fn swept_until(&self) -> Result<Timestamp, StoreError>;

    /// Whether the store works; the error says why it does not.
    async fn health(&self) -> Result<(), StoreError>;
}
