//! Records as bytes: what an engine reads and writes. [`crate::table`] gives the bytes a meaning.
//!
//! ```
//! use latchkey_store::records::{Page, Read};
//!
//! let page = Page {
//!     prefix: b"s".to_vec(),
//!     after: Some(b"s1".to_vec()),
//!     limit: 10,
//! };
//! assert!(page.covers(b"s2") && !page.covers(b"s1") && !page.covers(b"u2"));
//! assert_eq!(page.until(), Some(b"t".to_vec()));
//! let reads = [Read::Value(b"s1".to_vec()), Read::Page(page)];
//! # assert_eq!(reads.len(), 2);
//! ```

use core::ops::Bound;
use std::collections::BTreeMap;

use async_trait::async_trait;

use crate::error::StoreError;

/// A key and its value.
pub type Pair = (Vec<u8>, Vec<u8>);

/// New values by key; `None` removes the key.
pub type Writes = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

/// A read request.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Read {
    /// The value of a key.
    Value(Vec<u8>),
    /// Pairs in key order.
    Page(Page),
}

/// Up to `limit` pairs whose keys begin with `prefix` and are greater than `after`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Page {
    /// The prefix of all keys.
    pub prefix: Vec<u8>,
    /// The key after which the page begins; `None`: the page begins with the first key.
    pub after: Option<Vec<u8>>,
    /// The maximum number of pairs.
    pub limit: usize,
}

/// The result of a [`Read`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// For [`Read::Value`].
    Value(Option<Vec<u8>>),
    /// For [`Read::Page`].
    Page(Vec<Pair>),
}

/// Writes, and the conditions under which they are committed.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// Reads that must still have the same results.
    pub conditions: BTreeMap<Read, Found>,
    /// The writes.
    pub writes: Writes,
}

/// A source of records.
#[async_trait]
pub trait Reader: Send + Sync {
    /// Performs all reads in one round trip and returns their results in the same order. The
    /// results form a consistent snapshot if the reader is a [`Remote`](crate::remote::Remote); other
    /// readers do not have to guarantee this.
    async fn fetch(&self, reads: &[Read]) -> Result<Vec<Found>, StoreError>;
}

impl Page {
    /// Whether this key belongs to the page, regardless of the limit.
    pub fn covers(&self, key: &[u8]) -> bool {
        key.starts_with(&self.prefix) && self.after.as_deref().is_none_or(|after| key > after)
    }

    /// The bounds of the page in an ordered map. There is no upper bound: stop at the first key
    /// without the prefix.
    pub fn bounds(&self) -> (Bound<&[u8]>, Bound<&[u8]>) {
        let first = match &self.after {
            Some(after) => Bound::Excluded(after.as_slice()),
            None => Bound::Included(self.prefix.as_slice()),
        };
        (first, Bound::Unbounded)
    }

    /// The pairs of the page, given an iterator over [`bounds`](Self::bounds). Takes no more pairs
    /// from it than needed. Fails with the iterator's error.
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
            // The smallest key that is greater than `after`.
            Some(after) => [after, &[0][..]].concat(),
            None => self.prefix.clone(),
        }
    }

    /// The smallest key that is greater than all keys with the prefix; `None` if there is none.
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
