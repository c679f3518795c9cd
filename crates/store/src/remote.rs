//! Databases that several machines share: reached over a network, changed by others at any moment.
//!
//! An operation runs here, over what it fetches, and is committed there in one step, on the
//! condition that everything it depends on still stands. If it does not, the operation runs again.
//! A database has to offer no more than [`Remote`]: fetch, and commit on conditions.

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

/// What the other machines must be notified of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Announcement {
    /// The denials that were added, as they are stored.
    pub denials: Vec<Vec<u8>>,
    /// The accounts that something happened to.
    pub accounts: BTreeSet<UserId>,
}

impl Change {
    /// What it means to other machines.
    pub fn announcement(&self) -> Announcement {
        let mut news = Announcement::default();
        for (key, value) in &self.writes {
            let Some(value) = value else { continue };
            if DENIALS.kind().holds(key) {
                news.denials.push(value.clone());
            } else if let Some((user, _)) = AUDIT_EVENTS.key_of(key) {
                news.accounts.insert(user);
            }
        }
        news
    }

    /// The keys that it depends on and writes.
    pub fn contended(&self) -> Vec<Vec<u8>> {
        let written = self.writes.keys();
        let depends = |key: &&Vec<u8>| {
            let read = Read::Value((*key).clone());
            self.conditions.contains_key(&read)
        };
        written.filter(depends).cloned().collect()
    }

    /// The groups of keys that are read as a whole and change with it: two changes that share one
    /// must not be made at the same time, for neither would see what the other adds.
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

/// What became of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is made, and durable.
    Committed,
    /// A condition did not hold; nothing was changed.
    Conflict,
}

/// An operation's turn at the records that it contends for. They are free again when it is dropped.
pub trait Turn: Reader {
    /// Makes a change as [`Remote::commit`] does, and ends the turn.
    fn commit(self, change: &Change) -> impl Future<Output = Result<Outcome, StoreError>> + Send;
}

/// Where there are no turns to be had.
#[derive(Clone, Copy, Debug)]
pub enum NoTurn {}

#[async_trait]
impl Reader for NoTurn {
    async fn fetch(&self, _: &[Read]) -> Result<Vec<Found>, StoreError> {
        match *self {}
    }
}

impl Turn for NoTurn {
    async fn commit(self, _: &Change) -> Result<Outcome, StoreError> {
        match self {}
    }
}

/// A database of ordered keys and values. What one fetch answers is of one moment. No call takes
/// longer than a few seconds.
pub trait Remote: Reader {
    /// What [`turn`](Self::turn) gives.
    type Turn<'a>: Turn
    where
        Self: 'a;

    /// Makes a change if its conditions hold, announces it, and returns once it is durable. After
    /// an error it may or may not have been made.
    fn commit(&self, change: &Change) -> impl Future<Output = Result<Outcome, StoreError>> + Send;

    /// Waits until an operation whose change was in conflict may have the records that it contends
    /// for to itself: from then on nobody else changes them, so that it cannot lose to the same
    /// opponent again. `None` if the database has no such thing.
    fn turn(
        &self,
        refused: &Change,
    ) -> impl Future<Output = Result<Option<Self::Turn<'_>>, StoreError>> + Send;

    /// From now on no other store may answer at this address.
    fn expect_id(&self, id: StoreId);

    /// Begins to listen to what all machines announce from now on.
    fn follow(&self) -> impl Future<Output = Result<Box<dyn ChangeFeed>, StoreError>> + Send;
}
