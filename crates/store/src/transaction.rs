//! Reading and writing records inside one operation.
//!
//! A transaction remembers what was read. [`get`](Tx::get) and [`range`](Tx::range) make their
//! answers conditions: if one of them no longer holds when the writes are committed, the operation
//! runs again. [`peek`](Tx::peek) does not, for what an operation may act on although it is out of
//! date by then. What was read once, or prefetched, is not fetched again.

use std::collections::BTreeMap;

use crate::error::StoreError;
use crate::records::{Change, Found, Page, Pair, Read, Reader, Writes};
use crate::table::{Key, Range, Table, Value};

/// A transaction: the records as they were read, and what is to be written. What it writes it
/// reads back by key; ranges show the records before the operation.
pub struct Tx<'a> {
    reader: &'a dyn Reader,
    fetched: BTreeMap<Read, Fetched>,
    round_trips: u32,
    writes: Writes,
}

/// An answer.
struct Fetched {
    found: Found,
    /// The number of the round trip it came with.
    round_trip: u32,
    is_condition: bool,
}

impl<'a> Tx<'a> {
    /// Begins with nothing read and nothing written.
    pub fn new(reader: &'a dyn Reader) -> Self {
        Self {
            reader,
            fetched: BTreeMap::new(),
            round_trips: 0,
            writes: Writes::new(),
        }
    }

    /// Fetches all of these in one round trip, or in none if all of them are known. They become
    /// conditions only when they are read.
    pub async fn prefetch(&mut self, mut reads: Vec<Read>) -> Result<(), StoreError> {
        reads.retain(|read| !self.fetched.contains_key(read));
        reads.sort_unstable();
        reads.dedup();
        if reads.is_empty() {
            return Ok(());
        }
        let answers = self.reader.fetch(&reads).await?;
        if answers.len() != reads.len() {
            return Err(not_answered());
        }
        self.round_trips += 1;
        for (read, found) in reads.into_iter().zip(answers) {
            let fetched = Fetched {
                found,
                round_trip: self.round_trips,
                is_condition: false,
            };
            self.fetched.insert(read, fetched);
        }
        Ok(())
    }

    /// The record under this key, on which the change depends.
    pub async fn get<K: Key, V: Value>(
        &mut self,
        table: Table<K, V>,
        key: &K,
    ) -> Result<Option<V>, StoreError> {
        self.value(table, table.key(key), true).await
    }

    /// The record under this key. The change does not depend on it: it may be made even if another
    /// record has taken its place by then.
    pub async fn peek<K: Key, V: Value>(
        &mut self,
        table: Table<K, V>,
        key: &K,
    ) -> Result<Option<V>, StoreError> {
        self.value(table, table.key(key), false).await
    }

    /// The records under these keys, in their order, on which the change depends; one round trip.
    pub async fn get_many<K: Key, V: Value>(
        &mut self,
        table: Table<K, V>,
        keys: &[K],
    ) -> Result<Vec<Option<V>>, StoreError> {
        self.values(table, keys, true).await
    }

    /// The same by [`peek`](Self::peek).
    pub async fn peek_many<K: Key, V: Value>(
        &mut self,
        table: Table<K, V>,
        keys: &[K],
    ) -> Result<Vec<Option<V>>, StoreError> {
        self.values(table, keys, false).await
    }

    /// The keys and records of a range, on which the change depends: on those that are there, and
    /// on that there are no others.
    pub async fn range<K: Key, V: Value>(
        &mut self,
        range: Range<K, V>,
    ) -> Result<Vec<(K, V)>, StoreError> {
        self.pairs(range, true).await
    }

    /// The same by [`peek`](Self::peek).
    pub async fn peek_range<K: Key, V: Value>(
        &mut self,
        range: Range<K, V>,
    ) -> Result<Vec<(K, V)>, StoreError> {
        self.pairs(range, false).await
    }

    /// The keys of a range, on which the change depends as on those of [`range`](Self::range).
    pub async fn keys<K: Key, V: Value>(
        &mut self,
        range: Range<K, V>,
    ) -> Result<Vec<K>, StoreError> {
        let pairs = self.page(&range, true).await?;
        pairs.iter().map(|(key, _)| typed(&range, key)).collect()
    }

    /// The same by [`peek`](Self::peek).
    pub async fn peek_keys<K: Key, V: Value>(
        &mut self,
        range: Range<K, V>,
    ) -> Result<Vec<K>, StoreError> {
        let pairs = self.page(&range, false).await?;
        pairs.iter().map(|(key, _)| typed(&range, key)).collect()
    }

    /// Puts a record in place of what is under this key, if anything is.
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

    /// Puts an entry of an index: the key says it all.
    pub fn put_index<K: Key>(&mut self, table: Table<K, ()>, key: &K) {
        self.writes.insert(table.key(key), Some(Vec::new()));
    }

    /// Removes what is under this key, if anything is.
    pub fn clear<K: Key, V: Value>(&mut self, table: Table<K, V>, key: &K) {
        self.writes.insert(table.key(key), None);
    }

    /// Whether this very operation has written under this key.
    pub fn wrote<K: Key, V: Value>(&self, table: Table<K, V>, key: &K) -> bool {
        self.writes.contains_key(&table.key(key))
    }

    /// Everything that was read, conditions or not: to be prefetched if the operation has to run
    /// again.
    pub fn reads(&self) -> Vec<Read> {
        self.fetched.keys().cloned().collect()
    }

    /// How many conditions there are.
    pub fn conditions(&self) -> usize {
        let conditions = self.fetched.values().filter(|it| it.is_condition);
        conditions.count()
    }

    /// Whether all conditions came with one round trip.
    pub fn is_of_one_round_trip(&self) -> bool {
        let mut conditions = self.fetched.values().filter(|it| it.is_condition);
        let first = conditions.next().map(|it| it.round_trip);
        conditions.all(|it| Some(it.round_trip) == first)
    }

    /// Whether anything is to be written.
    pub fn has_writes(&self) -> bool {
        !self.writes.is_empty()
    }

    /// What is to be written, and on which conditions.
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
        match self.answer(read, is_condition).await? {
            Found::Value(Some(value)) => table.decode(&key, value).map(Some),
            Found::Value(None) => Ok(None),
            Found::Page(_) => Err(not_answered()),
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
            && let Some(part) = self.part_of_a_known_page(page)
        {
            self.fetched.insert(read.clone(), part);
        }
        match self.answer(read, is_condition).await? {
            Found::Page(pairs) => Ok(pairs),
            Found::Value(_) => Err(not_answered()),
        }
    }

    /// The answer to a read of a page, if a page around it was fetched whole.
    fn part_of_a_known_page(&self, wanted: &Page) -> Option<Fetched> {
        self.fetched.iter().find_map(|(read, fetched)| {
            let (Read::Page(page), Found::Page(pairs)) = (read, &fetched.found) else {
                return None;
            };
            let is_whole = page.after.is_none() && pairs.len() < page.limit;
            if !is_whole || !wanted.prefix.starts_with(&page.prefix) {
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

    async fn answer(&mut self, read: Read, is_condition: bool) -> Result<&Found, StoreError> {
        if !self.fetched.contains_key(&read) {
            self.prefetch(vec![read.clone()]).await?;
        }
        let fetched = self.fetched.get_mut(&read).ok_or_else(not_answered)?;
        fetched.is_condition |= is_condition;
        Ok(&fetched.found)
    }
}

fn typed<K: Key, V: Value>(range: &Range<K, V>, key: &[u8]) -> Result<K, StoreError> {
    let table = range.table();
    table.key_of(key).ok_or_else(|| StoreError::Corrupt {
        key: crate::table::readable(key),
        reason: format!("it is not a key of the table {}", table.kind().name),
    })
}

fn not_answered() -> StoreError {
    let reason = "the database answered something other than it was asked";
    StoreError::Unavailable(reason.to_owned())
}

#[cfg(test)]
mod tests;
