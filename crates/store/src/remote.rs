//! Databases that several machines share: reached over a network, changed by others meanwhile.
//!
//! An operation runs here, over what was fetched for it, and is committed there in one step, on
//! the condition that everything it read still stands. If it does not, the operation runs again.
//! A database has to offer no more than [`Remote`]: fetch, and commit on conditions.

mod expected_id;
mod optimistic;
mod pool;

use std::collections::{BTreeMap, BTreeSet};

pub use expected_id::ExpectedStoreId;
pub use optimistic::Optimistic;
pub use pool::{Connect, Lease, PATIENCE, Pool};

use latchkey_core::StoreId;

use crate::error::StoreError;
use crate::feed::ChangeFeed;
use crate::keyspace::{Pair, key};

/// Something to read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Read {
    /// The value of a key.
    Value(Vec<u8>),
    /// Some pairs, in the order of their keys.
    Page(Page),
}

/// Up to `limit` pairs whose keys begin with `prefix` and lie after `after`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Page {
    /// How the keys begin.
    pub prefix: Vec<u8>,
    /// The key after which to begin.
    pub after: Option<Vec<u8>>,
    /// How many at most.
    pub limit: usize,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// For [`Read::Value`].
    Value(Option<Vec<u8>>),
    /// For [`Read::Page`].
    Page(Vec<Pair>),
}

/// A change, and the conditions on which it is made.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// What must still stand.
    pub conditions: BTreeMap<Read, Found>,
    /// Keys with their new values, `None` for those to remove.
    pub writes: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
}

/// What the other machines must hear of a change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Announcement {
    /// The denials that were added, as they are stored.
    pub denials: Vec<Vec<u8>>,
    /// The ids of the accounts that something happened to.
    pub accounts: BTreeSet<[u8; 16]>,
}

impl Page {
    /// The first key that can be in it.
    pub fn from(&self) -> Vec<u8> {
        match &self.after {
            // The very next key.
            Some(after) => [after, &[0][..]].concat(),
            None => self.prefix.clone(),
        }
    }

    /// The first key past all with the prefix; `None` if there is none.
    pub fn until(&self) -> Option<Vec<u8>> {
        let mut until = self.prefix.clone();
        while let Some(last) = until.pop() {
            if let Some(next) = last.checked_add(1) {
                until.push(next);
                return Some(until);
            }
        }
        None
    }
}

impl Change {
    /// What it means to other machines.
    pub fn announcement(&self) -> Announcement {
        let mut news = Announcement::default();
        for (key, value) in &self.writes {
            match (key.first(), value) {
                (Some(b'd'), Some(value)) => news.denials.push(value.clone()),
                (Some(b'a'), Some(_)) => {
                    news.accounts.extend(key::account_named_by(key));
                }
                _ => {}
            }
        }
        news
    }

    /// The groups of keys that are read as a whole and change with it: two changes that share one
    /// must not be made at the same time, for neither would see what the other adds.
    pub fn families(&self) -> BTreeSet<Vec<u8>> {
        let written = self.writes.keys().map(Vec::as_slice);
        let read = self.conditions.keys().filter_map(|read| match read {
            Read::Page(page) => Some(page.prefix.as_slice()),
            Read::Value(_) => None,
        });
        let families = written.chain(read).filter_map(key::family);
        families.map(<[u8]>::to_vec).collect()
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

/// A database of ordered keys and values. No call takes longer than a few seconds.
pub trait Remote: Send + Sync {
    /// Reads as things stand at one moment.
    fn fetch(&self, reads: &[Read]) -> impl Future<Output = Result<Vec<Found>, StoreError>> + Send;

    /// Makes a change if its conditions hold, announces it, and returns once it is durable. After
    /// an error it may have been made or not.
    fn commit(&self, change: &Change) -> impl Future<Output = Result<Outcome, StoreError>> + Send;

    /// From now on no other store may answer at this address.
    fn pin(&self, id: StoreId);

    /// Begins to listen to what all machines announce from now on.
    fn follow(&self) -> impl Future<Output = Result<Box<dyn ChangeFeed>, StoreError>> + Send;
}
