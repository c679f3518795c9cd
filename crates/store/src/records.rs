//! Records as bytes: what an engine reads and changes. What the bytes mean is in [`crate::table`].

use core::ops::Bound;
use std::collections::BTreeMap;

use async_trait::async_trait;

use crate::error::StoreError;

/// A key and its value.
pub type Pair = (Vec<u8>, Vec<u8>);

/// Keys with their new values; `None` removes the key.
pub type Writes = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

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

/// The answer to a [`Read`].
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
    /// The reads that must still give the same answer.
    pub conditions: BTreeMap<Read, Found>,
    /// What is written.
    pub writes: Writes,
}

/// Something that records can be read from.
#[async_trait]
pub trait Reader: Send + Sync {
    /// Answers all of these reads, in their order, in one round trip. Whether the answers are of
    /// one moment depends on the reader: those of [`crate::remote::Remote`] are.
    async fn fetch(&self, reads: &[Read]) -> Result<Vec<Found>, StoreError>;
}

impl Page {
    /// Whether this key belongs to the page, its limit aside.
    pub fn covers(&self, key: &[u8]) -> bool {
        key.starts_with(&self.prefix) && self.after.as_deref().is_none_or(|after| key > after)
    }

    /// Where to begin to read in an ordered map.
    pub fn bounds(&self) -> (Bound<&[u8]>, Bound<&[u8]>) {
        let first = match &self.after {
            Some(after) => Bound::Excluded(after.as_slice()),
            None => Bound::Included(self.prefix.as_slice()),
        };
        (first, Bound::Unbounded)
    }

    /// The pairs of the page, given all pairs from [`bounds`](Self::bounds) on in their order. Of
    /// these, no more than needed are asked for.
    pub fn take_from<K, V, E>(
        &self,
        pairs: impl Iterator<Item = Result<(K, V), E>>,
    ) -> Result<Vec<Pair>, E>
    where
        K: AsRef<[u8]>,
        V: AsRef<[u8]>,
    {
        let mut page = Vec::new();
        for pair in pairs.take(self.limit) {
            let (key, value) = pair?;
            if !key.as_ref().starts_with(&self.prefix) {
                break;
            }
            page.push((key.as_ref().to_vec(), value.as_ref().to_vec()));
        }
        Ok(page)
    }

    /// The first key that can be in the page.
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
