//! The traits that every store implements, one for each aggregate, and [`Store`], their sum.
//!
//! What holds for all of their methods:
//!
//! - **Atomicity.** A method that changes something makes one atomic change, unless its comment
//!   says otherwise: it is made as a whole or not at all, and two at the same time behave as if one
//!   came first. It returns after the change is durable: the change survives the loss of power.
//! - **Reads.** A method that reads returns records of one moment, unless its comment says that it
//!   is a snapshot in several steps: then each record is as it stood when it was read.
//! - **Errors.** After an error a change may or may not have been made: the connection can be lost
//!   after the commit and before the answer. The caller must not acknowledge the change, and may
//!   repeat the call. Repeating adds at most a second event to the account's history; a repeated
//!   [`SigningKeys::add_signing_key`] returns `false` if the first call was carried out.
//! - **Events.** What a user should be able to see is recorded as a security event in the same
//!   change.
//! - **Contention.** Nothing that must win waits for what its opponent controls: refreshes and
//!   sign-ins of an account cannot hold up a ban, a sign-out everywhere, or the end of a session.
//!
//! ```
//! use std::sync::Arc;
//!
//! use latchkey_core::{StoreId, Timestamp};
//! use latchkey_store::{MemoryStore, Store, StoreError};
//!
//! # fn main() -> Result<(), StoreError> {
//! # futures_executor_block_on(async {
//! let store: Arc<dyn Store> = Arc::new(MemoryStore::empty());
//! let fresh = StoreId::from_bytes([1; 16]);
//! let id = store.identify(fresh, Timestamp::from_secs(1_800_000_000)).await?;
//! assert_eq!(store.id().await?, Some(id));
//! # Ok(())
//! # })
//! # }
//! # fn futures_executor_block_on<T>(future: impl Future<Output = T>) -> T {
//! #     use std::task::{Context, Poll, Waker};
//! #     let mut future = std::pin::pin!(future);
//! #     loop {
//! #         let polled = future.as_mut().poll(&mut Context::from_waker(Waker::noop()));
//! #         if let Poll::Ready(value) = polled {
//! #             return value;
//! #         }
//! #     }
//! # }
//! ```

use async_trait::async_trait;
use latchkey_core::{
    AuditEvent, AuditPosition, Denial, Denied, FlowId, Profile, SealedSigningKey, Session,
    SessionId, StoreId, Timestamp, User, UserId,
};

use crate::backup::{ExportCursor, Record};
use crate::error::StoreError;
use crate::feed::ChangeFeed;
use crate::request::{
    AllEnded, EndSession, EndSessions, Ended, LiveSession, NewSession, Opened, Rotate, Rotated,
};

/// A store: everything that Latchkey keeps.
pub trait Store:
    Users + Sessions + Flows + Denials + SigningKeys + Audit + Backup + Replication + Maintenance
{
}

impl<T> Store for T where
    T: Users
        + Sessions
        + Flows
        + Denials
        + SigningKeys
        + Audit
        + Backup
        + Replication
        + Maintenance
{
}

/// Accounts.
#[async_trait]
pub trait Users: Send + Sync {
    /// Finds the account of this identity and brings it up to date, or makes it with `new_id`.
    async fn upsert_identity(
        &self,
        profile: Profile,
        new_id: UserId,
        now: Timestamp,
    ) -> Result<User, StoreError>;

    /// The account of this id.
    async fn user(&self, id: UserId) -> Result<Option<User>, StoreError>;

    /// The accounts with this email address, whichever provider said so and verified or not: for an
    /// operator to choose from, never to decide by. A snapshot in several steps.
    async fn users_by_email(&self, email: String) -> Result<Vec<User>, StoreError>;

    /// Bans an account: ends its sessions and denies every access token it was given. `None` if
    /// there is no such account. A second ban replaces the reason.
    ///
    /// The ban is one atomic change. The sessions' own records follow in changes of their own;
    /// nothing depends on that.
    async fn ban_user(
        &self,
        id: UserId,
        reason: String,
        now: Timestamp,
    ) -> Result<Option<AllEnded>, StoreError>;

    /// Lifts a ban and says whether there was one; `None` if there is no such account.
    async fn unban_user(&self, id: UserId, now: Timestamp) -> Result<Option<bool>, StoreError>;
}

/// Sessions.
#[async_trait]
pub trait Sessions: Send + Sync {
    /// Opens a session unless the account is banned. The session that is stored carries the
    /// cut-offs in force. If a ban is committed at the same moment, the session may be opened; it
    /// is over then.
    ///
    /// The sessions that make room for it are ended in a change of its own. If that fails, the
    /// session is open all the same, and the next sign-in makes room.
    async fn open_session(&self, new: NewSession) -> Result<Opened, StoreError>;

    /// The session of this id, live or ended, under the cut-offs in force when they were read,
    /// which is after its record was. One that ended is forgotten soon.
    async fn session(&self, id: SessionId) -> Result<Option<Session>, StoreError>;

    /// The sessions of a user that are live at this moment, in no particular order. A snapshot in
    /// two steps: one that is opened in between may be missing.
    async fn live_sessions(
        &self,
        user: UserId,
        now: Timestamp,
    ) -> Result<Vec<LiveSession>, StoreError>;

    /// Decides on a refresh token (see [`latchkey_core::rotation`]) and stores what the decision
    /// demands; `None` if the session is unknown.
    async fn rotate(&self, request: Rotate) -> Result<Option<Rotated>, StoreError>;

    /// Ends a session and denies its access tokens. `None` if the session is unknown, or is not
    /// the session of [`EndSession::of`]. Ending it again changes nothing and gives the denial once
    /// more.
    async fn end_session(&self, end: EndSession) -> Result<Option<Ended>, StoreError>;

    /// Ends the sessions of a user, all or all but one, and denies their access tokens: those that
    /// were opened before this, and none that is opened after. `None` if there is no such account.
    /// Atomic as [`Users::ban_user`] is.
    async fn end_sessions_of(&self, end: EndSessions) -> Result<Option<AllEnded>, StoreError>;

    /// Ends, by the operator, the sessions of everyone that were opened before this, and denies
    /// their access tokens.
    async fn end_everyone(&self, now: Timestamp) -> Result<Denial, StoreError>;

    /// Writes down what has ended already: of the sessions whose ids begin with this byte, those
    /// that an earlier [`end_everyone`](Self::end_everyone) or
    /// [`end_sessions_of`](Self::end_sessions_of) ended, with the events that tell of the former.
    /// In changes of a bounded size: as a whole it is not atomic. Nothing is refused only because
    /// this ran, and it may be interrupted and repeated.
    async fn end_sessions_in_shard(&self, slice: u8) -> Result<Vec<Ended>, StoreError>;
}

/// Sign-ins under way. They leave nothing in the store before they are finished.
#[async_trait]
pub trait Flows: Send + Sync {
    /// Notes that a sign-in is finished; `false` if it was before. The note is kept for a while
    /// after `until`, when the sign-in expires.
    async fn finish_login_flow(&self, id: FlowId, until: Timestamp) -> Result<bool, StoreError>;

    /// Whether a sign-in is noted as finished.
    async fn is_login_flow_finished(&self, id: FlowId) -> Result<bool, StoreError>;
}

/// The denylist.
#[async_trait]
pub trait Denials: Send + Sync {
    /// Adds denials. One that is there already keeps the later end.
    async fn deny(&self, denials: Vec<Denial>) -> Result<(), StoreError>;

    /// Adds the denial of an access token that its holder revoked, and the event that tells of it,
    /// unless the same was told moments ago.
    async fn revoke_token(&self, denial: Denial, event: AuditEvent) -> Result<(), StoreError>;

    /// Up to `limit` denials that lie after `after` in the store's order, ended ones included, and
    /// where to go on if there may be more.
    async fn denials(
        &self,
        after: Option<Denied>,
        limit: usize,
    ) -> Result<(Vec<Denial>, Option<Denied>), StoreError>;

    /// Every denial that has not ended. A snapshot in several steps, page by page.
    async fn live_denials(&self, now: Timestamp) -> Result<Vec<Denial>, StoreError> {
        const PAGE: usize = 10_000;
        let mut live = Vec::new();
        let mut after = None;
        loop {
            let (page, next) = self.denials(after, PAGE).await?;
            live.extend(page.into_iter().filter(|denial| now < denial.until));
            if next.is_none() {
                return Ok(live);
            }
            after = next;
        }
    }
}

/// Signing keys, sealed.
#[async_trait]
pub trait SigningKeys: Send + Sync {
    /// Every signing key.
    async fn signing_keys(&self) -> Result<Vec<SealedSigningKey>, StoreError>;

    /// Adds a signing key as the successor of `after` (`None`: as the first) and lets all older
    /// ones verify until `retire_at`. `false` if another key is newest by now: of several machines
    /// that rotate, one does.
    async fn add_signing_key(
        &self,
        key: SealedSigningKey,
        after: Option<String>,
        retire_at: Timestamp,
    ) -> Result<bool, StoreError>;
}

/// Security events.
#[async_trait]
pub trait Audit: Send + Sync {
    /// Up to `limit` security events of a user, newest first: those before this position, or from
    /// the newest on. Bounded in number and in age ([`latchkey_core::audit`]).
    async fn audit_events(
        &self,
        user: UserId,
        before: Option<AuditPosition>,
        limit: usize,
        now: Timestamp,
    ) -> Result<Vec<(AuditPosition, AuditEvent)>, StoreError>;
}

/// Taking records out, and putting them into an empty store.
#[async_trait]
pub trait Backup: Send + Sync {
    /// Up to some records to back up, from where the last call stopped, and where to go on if
    /// there are more. What was committed before the first call is in them. A snapshot in many
    /// steps.
    async fn export(
        &self,
        from: Option<ExportCursor>,
    ) -> Result<(Vec<Record>, Option<ExportCursor>), StoreError>;

    /// Makes ready for records of a backup; `false` if there are some already. Until
    /// [`finish_import`](Self::finish_import) the store can serve nobody.
    async fn begin_import(&self) -> Result<bool, StoreError>;

    /// Adds records of a backup.
    async fn import(&self, records: Vec<Record>) -> Result<(), StoreError>;

    /// All records of the backup are there.
    async fn finish_import(&self) -> Result<(), StoreError>;
}

/// Other machines over the same store.
#[async_trait]
pub trait Replication: Send + Sync {
    /// Begins to listen to what other machines do to this store. `None`: no other machine can.
    async fn follow(&self) -> Result<Option<Box<dyn ChangeFeed>>, StoreError>;
}

/// The store as a whole.
#[async_trait]
pub trait Maintenance: Send + Sync {
    /// The id of this store, if it has one yet.
    async fn id(&self) -> Result<Option<StoreId>, StoreError>;

    /// The id of this store, `fresh` if it had none, for it begins now: to tell it from another at
    /// the same address. Brings indexes up to date that an earlier version did not have.
    async fn identify(&self, fresh: StoreId, now: Timestamp) -> Result<StoreId, StoreError>;

    /// Frees up to `limit` records that have expired and says how many were freed. Nothing is
    /// correct only because this ran.
    async fn sweep(&self, now: Timestamp, limit: usize) -> Result<usize, StoreError>;

    /// The latest moment that a sweep took for the present: of what ended before it, records may
    /// be gone.
    async fn swept_until(&self) -> Result<Timestamp, StoreError>;

    /// Whether the store works, with the reason if it does not.
    async fn health(&self) -> Result<(), StoreError>;
}
