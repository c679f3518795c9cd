//! Transactions: how an operation reads and writes records.
//!
//! A transaction caches its reads. Results of [`get`](Tx::get) and [`range`](Tx::range) become
//! conditions of the commit: if one of them no longer holds, the operation runs again. Results of
//! [`peek`](Tx::peek) do not become conditions; use it where a stale record is acceptable. A record
//! that was read or prefetched is not fetched again.
//!
//! ```
//! use latchkey_core::Timestamp;
//! use latchkey_store::StoreError;
//! use latchkey_store::table::SWEPT_UNTIL;
//! use latchkey_store::transaction::Tx;
//!
//! /// Moves the time of the latest sweep forward; returns whether it moved.
//! async fn advance(tx: &mut Tx<'_>, now: Timestamp) -> Result<bool, StoreError> {
//!     let previous = tx.get(SWEPT_UNTIL, &()).await?;
//!     if previous.is_some_and(|previous| previous >= now) {
//!         return Ok(false);
//!     }
//!     tx.put(SWEPT_UNTIL, &(), &now)?;
//!     Ok(true)
//! }
//! # use latchkey_store::{MemoryStore, engine::Engine};
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), StoreError> {
//! # let store = MemoryStore::empty();
//! # let now = Timestamp::from_secs(1_800_000_000);
//! # for expected in [true, false] {
//! #     let moved = Engine::write(&store, now, |tx, now| Box::pin(advance(tx, *now)));
//! #     assert_eq!(moved.await?, expected);
//! # }
//! # Ok(())
//! # }
//! ```

use std::collections::BTreeMap;

use crate::error::StoreError;
use crate::records::{Change, Found, Page, Pair, Read, Reader, Writes};
use crate::table::{Key, Range, Table, Value};

/// A transaction: cached reads and pending writes. Reads by key see the transaction's own writes;
/// ranges do not.
pub struct Tx<'a> {
    reader: &'a dyn Reader,
    fetched: BTreeMap<Read, Fetched>,
    round_trips: u32,
    writes: Writes,
}

/// A cached result.
struct Fetched {
    found: Found,
    /// The number of the round trip that fetched it.
    round_trip: u32,
    is_condition: bool,
}

impl<'a> Tx<'a> {
    /// A transaction without reads or writes.
    pub fn new(reader: &'a dyn Reader) -> Self {
        Self {
            reader,
            fetched: BTreeMap::new(),
            round_trips: 0,
            writes: Writes::new(),
        }
    }

    /// Fetches all of these in one round trip, or in none if all are cached. They become conditions
    /// only when they are read.
    pub async fn prefetch(&mut self, mut reads: Vec<Read>) -> Result<(), StoreError> {
        reads.retain(|read| !self.fetched.contains_key(read));
        reads.sort_unstable();
        reads.dedup();
        if reads.is_empty() {
            return Ok(());
        }
        let results = self.reader.fetch(&reads).await?;
        if results.len() != reads.len() {
            return Err(unexpected_result());
        }
        self.round_trips += 1;
        for (read, found) in reads.into_iter().zip(results) {
            let fetched = Fetched {
                found,
                round_trip: self.round_trips,
                is_condition: false,
            };
            self.fetched.insert(read, fetched);
        }
        Ok(())
    }

    /// The record with this key. It becomes a condition of the commit.
    pub async fn get<K: Key, V: Value>(
        &mut self,
        table: Table<K, V>,
        key: &K,
    ) -> Result<Option<V>, StoreError> {
        self.value(table, table.key(key), true).await
    }

    /// The record with this key. It does not become a condition: the commit succeeds even if the
    /// record has changed.
    pub async fn peek<K: Key, V: Value>(
        &mut self,
        table: Table<K, V>,
        key: &K,
    ) -> Result<Option<V>, StoreError> {
        self.value(table, table.key(key), false).await
    }

    /// The records with these keys, in the same order, in one round trip. They become conditions.
    pub async fn get_many<K: Key, V: Value>(
        &mut self,
        table: Table<K, V>,
        keys: &[K],
    ) -> Result<Vec<Option<V>>, StoreError> {
        self.values(table, keys, true).await
    }

    /// [`get_many`](Self::get_many) without conditions.
    pub async fn peek_many<K: Key, V: Value>(
        &mut self,
        table: Table<K, V>,
        keys: &[K],
    ) -> Result<Vec<Option<V>>, StoreError> {
        self.values(table, keys, false).await
    }

    /// The keys and records of a range. The whole range becomes a condition: no record in it may
    /// change, and none may be added.
    pub async fn range<K: Key, V: Value>(
        &mut self,
        range: Range<K, V>,
    ) -> Result<Vec<(K, V)>, StoreError> {
        self.pairs(range, true).await
    }

    /// [`range`](Self::range) without a condition.
    pub async fn peek_range<K: Key, V: Value>(
        &mut self,
        range: Range<K, V>,
    ) -> Result<Vec<(K, V)>, StoreError> {
        self.pairs(range, false).await
    }

    /// The keys of a range, with the same condition as [`range`](Self::range).
    pub async fn keys<K: Key, V: Value>(
        &mut self,
        range: Range<K, V>,
    ) -> Result<Vec<K>, StoreError> {
        let pairs = self.page(&range, true).await?;
        pairs.iter().map(|(key, _)| typed(&range, key)).collect()
    }

    /// [`keys`](Self::keys) without a condition.
    pub async fn peek_keys<K: Key, V: Value>(
        &mut self,
        range: Range<K, V>,
    ) -> Result<Vec<K>, StoreError> {
        let pairs = self.page(&range, false).await?;
        pairs.iter().map(|(key, _)| typed(&range, key)).collect()
    }

    /// Inserts or replaces the record with this key.
    pub fn put<K: Key, V: Value>(
        &mut self,
        table: Table<K, V>,
        key: &K,
        value: &V,
    ) -> Result<(), StoreError> {
        let key = table.key(key);
        let value = table.encode(&key, value)?;
        self.writes.insert(key, Some(value));
        Ok(())
    }

    /// Inserts an entry of an index. Its value is empty.
    pub fn put_index<K: Key>(&mut self, table: Table<K, ()>, key: &K) {
        self.writes.insert(table.key(key), Some(Vec::new()));
    }

    /// Removes the record with this key, if it exists.
    pub fn clear<K: Key, V: Value>(&mut self, table: Table<K, V>, key: &K) {
        self.writes.insert(table.key(key), None);
    }

    /// Whether this transaction has written or removed the record with this key.
    pub fn wrote<K: Key, V: Value>(&self, table: Table<K, V>, key: &K) -> bool {
        self.writes.contains_key(&table.key(key))
    }

    /// Everything that was read, conditions or not: prefetch it if the operation has to run again.
    pub fn reads(&self) -> Vec<Read> {
        self.fetched.keys().cloned().collect()
    }

    /// The number of conditions.
    pub fn conditions(&self) -> usize {
        let conditions = self.fetched.values().filter(|it| it.is_condition);
        conditions.count()
    }

    /// Whether all conditions were fetched in the same round trip.
    pub fn is_of_one_round_trip(&self) -> bool {
        let mut conditions = self.fetched.values().filter(|it| it.is_condition);
        let first = conditions.next().map(|it| it.round_trip);
        conditions.all(|it| Some(it.round_trip) == first)
    }

    /// Whether there are pending writes.
    pub fn has_writes(&self) -> bool {
        !self.writes.is_empty()
    }

    /// The pending writes and their conditions.
    pub fn into_change(self) -> Change {
        let conditions = self.fetched.into_iter().filter(|(_, it)| it.is_condition);
        Change {
            conditions: conditions.map(|(read, it)| (read, it.found)).collect(),
            writes: self.writes,
        }
    }

    async fn value<K: Key, V: Value>(
        &mut self,
        table: Table<K, V>,
        key: Vec<u8>,
        is_condition: bool,
    ) -> Result<Option<V>, StoreError> {
        if let Some(written) = self.writes.get(&key) {
            let written = written.as_deref();
            return written.map(|it| table.decode(&key, it)).transpose();
        }
        let read = Read::Value(key.clone());
        match self.cached(read, is_condition).await? {
            Found::Value(Some(value)) => table.decode(&key, value).map(Some),
            Found::Value(None) => Ok(None),
            Found::Page(_) => Err(unexpected_result()),
        }
    }

    async fn values<K: Key, V: Value>(
        &mut self,
        table: Table<K, V>,
        keys: &[K],
        is_condition: bool,
    ) -> Result<Vec<Option<V>>, StoreError> {
        let keys: Vec<_> = keys.iter().map(|key| table.key(key)).collect();
        self.prefetch(keys.iter().cloned().map(Read::Value).collect())
            .await?;
        let mut values = Vec::with_capacity(keys.len());
        for key in keys {
            values.push(self.value(table, key, is_condition).await?);
        }
        Ok(values)
    }

    async fn pairs<K: Key, V: Value>(
        &mut self,
        range: Range<K, V>,
        is_condition: bool,
    ) -> Result<Vec<(K, V)>, StoreError> {
        let mut pairs = Vec::new();
        for (key, value) in self.page(&range, is_condition).await? {
            pairs.push((typed(&range, key)?, range.table().decode(key, value)?));
        }
        Ok(pairs)
    }

    async fn page<K: Key, V: Value>(
        &mut self,
        range: &Range<K, V>,
        is_condition: bool,
    ) -> Result<&[Pair], StoreError> {
        let read = range.read();
        if !self.fetched.contains_key(&read)
            && let Read::Page(page) = &read
            && let Some(part) = self.part_of_cached_page(page)
        {
            self.fetched.insert(read.clone(), part);
        }
        match self.cached(read, is_condition).await? {
            Found::Page(pairs) => Ok(pairs),
            Found::Value(_) => Err(unexpected_result()),
        }
    }

    /// The result of reading this page, if a complete page that contains it is cached.
    fn part_of_cached_page(&self, wanted: &Page) -> Option<Fetched> {
        self.fetched.iter().find_map(|(read, fetched)| {
            let (Read::Page(page), Found::Page(pairs)) = (read, &fetched.found) else {
                return None;
            };
            let is_complete = page.after.is_none() && pairs.len() < page.limit;
            if !is_complete || !wanted.prefix.starts_with(&page.prefix) {
                return None;
            }
            let part = pairs.iter().filter(|(key, _)| wanted.covers(key));
            Some(Fetched {
                found: Found::Page(part.take(wanted.limit).cloned().collect()),
                round_trip: fetched.round_trip,
                is_condition: false,
            })
        })
    }

    async fn cached(&mut self, read: Read, is_condition: bool) -> Result<&Found, StoreError> {
        if !self.fetched.contains_key(&read) {
            self.prefetch(vec![read.clone()]).await?;
        }
        let fetched = self.fetched.get_mut(&read).ok_or_else(unexpected_result)?;
        fetched.is_condition |= is_condition;
        Ok(&fetched.found)
    }
}

fn typed<K: Key, V: Value>(range: &Range<K, V>, key: &[u8]) -> Result<K, StoreError> {
    let table = range.table();
    table.key_of(key).ok_or_else(|| StoreError::Corrupt {
        key: crate::table::printable(key),
        reason: format!("not a valid key of table {}", table.info().name),
    })
}

fn unexpected_result() -> StoreError {
    let reason = "the database returned results that do not match the reads";
    StoreError::Unavailable(reason.to_owned())
}

#[cfg(test)]
mod tests;
