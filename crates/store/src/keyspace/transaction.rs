//! Reading and writing records inside one operation.

use core::ops::Bound;
use std::collections::BTreeMap;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::key;
use crate::error::StoreError;

/// Keys and values as bytes.
pub type Pair = (Vec<u8>, Vec<u8>);

/// The records as they stand.
pub trait View {
    /// The value of this key.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;

    /// Up to `limit` pairs whose keys begin with `prefix` and lie after `after`, in the order of
    /// their keys.
    fn page(
        &self,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Pair>, StoreError>;

    /// The first `limit` pairs whose keys begin with `prefix`.
    fn scan(&self, prefix: &[u8], limit: usize) -> Result<Vec<Pair>, StoreError> {
        self.page(prefix, None, limit)
    }

    /// The value of this key, which the change does not depend on: it may be made even if another
    /// has come to be there by then.
    fn peek(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.get(key)
    }

    /// Says that these keys are going to be read: where reading is a journey, one will do for all.
    fn expect(&self, _keys: Vec<Vec<u8>>) {}

    /// The same of all that these prefixes have.
    fn expect_under(&self, _prefixes: Vec<Vec<u8>>) {}
}

/// Where a page lies: from the first key with `prefix`, or the first after `after`, on.
pub fn from<'a>(prefix: &'a [u8], after: Option<&'a [u8]>) -> (Bound<&'a [u8]>, Bound<&'a [u8]>) {
    let first = after.map_or(Bound::Included(prefix), Bound::Excluded);
    (first, Bound::Unbounded)
}

/// A view that remembers writes until they are applied as one. What it writes it reads back by
/// key; pages show the records before the operation.
pub struct Transaction<'a> {
    view: &'a dyn View,
    writes: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
}

impl<'a> Transaction<'a> {
    /// Begins with nothing written.
    pub fn new(view: &'a dyn View) -> Self {
        Self {
            view,
            writes: BTreeMap::new(),
        }
    }

    /// What to apply: keys with their new values, `None` for those to remove.
    pub fn into_writes(self) -> BTreeMap<Vec<u8>, Option<Vec<u8>>> {
        self.writes
    }

    #[cfg(test)]
    pub(super) fn keys_written(&self) -> Vec<Vec<u8>> {
        self.writes.keys().cloned().collect()
    }

    pub(super) fn put<T: Serialize>(&mut self, key: Vec<u8>, value: &T) -> Result<(), StoreError> {
        let bytes = serde_json::to_vec(value).map_err(|error| corrupt(&key, &error))?;
        self.writes.insert(key, Some(bytes));
        Ok(())
    }

    /// An entry of an index: the key says it all.
    pub(super) fn mark(&mut self, key: Vec<u8>) {
        self.writes.insert(key, Some(Vec::new()));
    }

    /// Whether this very operation has written here.
    pub(super) fn wrote(&self, key: &[u8]) -> bool {
        self.writes.contains_key(key)
    }

    pub(super) fn remove(&mut self, key: Vec<u8>) {
        self.writes.insert(key, None);
    }
}

impl View for Transaction<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        match self.writes.get(key) {
            Some(written) => Ok(written.clone()),
            None => self.view.get(key),
        }
    }

    fn page(
        &self,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Pair>, StoreError> {
        self.view.page(prefix, after, limit)
    }

    fn peek(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.view.peek(key)
    }

    fn expect(&self, keys: Vec<Vec<u8>>) {
        self.view.expect(keys);
    }

    fn expect_under(&self, prefixes: Vec<Vec<u8>>) {
        self.view.expect_under(prefixes);
    }
}

/// Reads the record of this key.
pub(super) fn record<T: DeserializeOwned>(
    view: &dyn View,
    key: &[u8],
) -> Result<Option<T>, StoreError> {
    view.get(key)?.map(|bytes| parse(key, &bytes)).transpose()
}

/// The same by [`View::peek`].
pub(super) fn peeked<T: DeserializeOwned>(
    view: &dyn View,
    key: &[u8],
) -> Result<Option<T>, StoreError> {
    view.peek(key)?.map(|bytes| parse(key, &bytes)).transpose()
}

/// Reads a record's bytes.
pub(super) fn parse<T: DeserializeOwned>(key: &[u8], bytes: &[u8]) -> Result<T, StoreError> {
    serde_json::from_slice(bytes).map_err(|error| corrupt(key, &error))
}

fn corrupt(key: &[u8], error: &serde_json::Error) -> StoreError {
    // The error's text quotes no value: where it is wrong, not what stands there.
    let reason = format!("{:?} error at column {}", error.classify(), error.column());
    StoreError::Corrupt {
        key: key::readable(key),
        reason,
    }
}
