//! Databases that several servers share.
//!
//! An operation runs in the server, over records that it fetches. Its writes are committed in one
//! step, under the condition that the records it read have not changed. If they have, the operation
//! runs again ([`Optimistic`]). A database only has to implement [`Remote`]: fetch records, and
//! commit under conditions.
//!
//! ```
//! use latchkey_core::StoreId;
//! use latchkey_store::StoreError;
//! use latchkey_store::remote::ExpectedStoreId;
//!
//! let expected = ExpectedStoreId::default();
//! assert_eq!(expected.check(None), Ok(()), "any store is accepted at first");
//! expected.set(StoreId::from_bytes([1; 16]));
//! assert_eq!(expected.check(Some(&expected.record())), Ok(()));
//! let lost = expected.check(None);
//! assert!(matches!(lost, Err(StoreError::WrongStore { .. })));
//! ```

mod expected_id;
mod optimistic;
mod pool;

use std::collections::BTreeSet;

pub use expected_id::ExpectedStoreId;
pub use optimistic::Optimistic;
pub use pool::{CALL_TIMEOUT, Connect, Lease, Pool};

use async_trait::async_trait;
use latchkey_core::{StoreId, UserId};

use crate::error::StoreError;
use crate::feed::ChangeFeed;
use crate::records::{Change, Found, Read, Reader};
use crate::table::{AUDIT_EVENTS, DENIALS, conflict_group};

/// What all servers are notified of when a change is committed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Announcement {
    /// The added denials, as stored.
    pub denials: Vec<Vec<u8>>,
    /// The users with new security events.
    pub users: BTreeSet<UserId>,
}

impl Change {
    /// What servers must be notified of when this change is committed.
    pub fn announcement(&self) -> Announcement {
        let mut announcement = Announcement::default();
        for (key, value) in &self.writes {
            let Some(value) = value else { continue };
            if DENIALS.info().holds(key) {
                announcement.denials.push(value.clone());
            } else if let Some((user, _)) = AUDIT_EVENTS.key_of(key) {
                announcement.users.insert(user);
            }
        }
        announcement
    }

    /// The keys whose values are a condition of this change and that it also writes.
    pub fn contended(&self) -> Vec<Vec<u8>> {
        let written = self.writes.keys();
        let is_condition = |key: &&Vec<u8>| {
            let read = Read::Value((*key).clone());
            self.conditions.contains_key(&read)
        };
        written.filter(is_condition).cloned().collect()
    }

    /// The keys whose values are a condition of this change and that it does not write.
    pub fn only_read(&self) -> Vec<Vec<u8>> {
        let read = self.conditions.keys().filter_map(|read| match read {
            Read::Value(key) => Some(key),
            Read::Page(_) => None,
        });
        let is_written = |key: &&Vec<u8>| self.writes.contains_key(*key);
        read.filter(|key| !is_written(key)).cloned().collect()
    }

    /// The conflict groups ([`conflict_group`]) that this change reads or writes. Two changes that
    /// share a group must not be committed concurrently: neither would see what the other adds.
    pub fn conflict_groups(&self) -> BTreeSet<Vec<u8>> {
        let written = self.writes.keys().map(Vec::as_slice);
        let read = self.conditions.keys().filter_map(|read| match read {
            Read::Page(page) => Some(page.prefix.as_slice()),
            Read::Value(_) => None,
        });
        let groups = written.chain(read).filter_map(conflict_group);
        groups.map(<[u8]>::to_vec).collect()
    }
}

/// The outcome of a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The change is made and durable.
    Committed,
    /// A condition did not hold; nothing was changed.
    Conflict,
}

/// A transaction that holds the locks of [`Remote::lock`]. Dropping it releases them.
pub trait LockedTransaction: Reader {
    /// Commits a change as [`Remote::commit`] does, and releases the locks.
    fn commit(self, change: &Change) -> impl Future<Output = Result<Outcome, StoreError>> + Send;
}

/// The [`LockedTransaction`] of a database that does not support locks.
#[derive(Clone, Copy, Debug)]
pub enum NoLocks {}

#[async_trait]
impl Reader for NoLocks {
    async fn fetch(&self, _: &[Read]) -> Result<Vec<Found>, StoreError> {
        match *self {}
    }
}

impl LockedTransaction for NoLocks {
    async fn commit(self, _: &Change) -> Result<Outcome, StoreError> {
        match self {}
    }
}

/// A database of ordered keys and values. The results of one fetch form a consistent snapshot. Each
/// call completes within [`CALL_TIMEOUT`].
pub trait Remote: Reader {
    /// The result of [`lock`](Self::lock).
    type LockedTransaction<'a>: LockedTransaction
    where
        Self: 'a;

    /// Commits a change if its conditions hold, announces it, and returns once it is durable. After
    /// an error the change may or may not have been made.
    fn commit(&self, change: &Change) -> impl Future<Output = Result<Outcome, StoreError>> + Send;

    /// Locks the records that a change depends on, after its commit was refused with
    /// [`Outcome::Conflict`]. Until the locks are released no other change can modify these
    /// records, so the retry does not conflict over them again. `None` if the database has no
    /// locks.
    fn lock(
        &self,
        refused: &Change,
    ) -> impl Future<Output = Result<Option<Self::LockedTransaction<'_>>, StoreError>> + Send;

    /// From now on, calls fail with [`StoreError::WrongStore`] unless the store in the database has
    /// this id.
    fn expect_id(&self, id: StoreId);

    /// Subscribes to what all servers announce from now on.
    fn follow(&self) -> impl Future<Output = Result<Box<dyn ChangeFeed>, StoreError>> + Send;
}
