//! The engine over a shared database.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;

use latchkey_core::StoreId;

use super::{Change, Found, Outcome, Page, Read, Remote};
use crate::error::StoreError;
use crate::feed::Feed;
use crate::keyspace::{Engine, Pair, Transaction, View};

/// How often an operation is tried anew because others were faster. Each time somebody came
/// through, so this many in a row means that something else is wrong.
const TRIES: usize = 1000;

/// Runs operations over what was fetched and commits them on the condition that it still stands.
pub struct Optimistic<R>(pub R);

impl<R> fmt::Debug for Optimistic<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Optimistic").finish_non_exhaustive()
    }
}

/// What is known of the database. What an operation misses is noted down and fetched, and the
/// operation begins again: it has done nothing that anyone could see.
struct Known<'a> {
    found: &'a BTreeMap<Read, Found>,
    missed: RefCell<Vec<Read>>,
    /// What was read without depending on it.
    peeked: RefCell<Vec<Vec<u8>>>,
}

impl Known<'_> {
    fn over(found: &BTreeMap<Read, Found>) -> Known<'_> {
        Known {
            found,
            missed: RefCell::default(),
            peeked: RefCell::default(),
        }
    }

    /// Notes down those that were not fetched yet.
    fn want(&self, reads: impl Iterator<Item = Read>) {
        let unknown = reads.filter(|read| !self.found.contains_key(read));
        self.missed.borrow_mut().extend(unknown);
    }

    fn find(&self, read: Read) -> Result<&Found, StoreError> {
        self.found.get(&read).ok_or_else(|| {
            self.missed.borrow_mut().push(read);
            StoreError::Unavailable("not fetched yet".to_owned())
        })
    }

    /// What to fetch before the operation can end, each once.
    fn into_missed(self) -> Vec<Read> {
        let mut missed = self.missed.into_inner();
        missed.sort_unstable();
        missed.dedup();
        missed
    }
}

impl View for Known<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        match self.find(Read::Value(key.to_vec()))? {
            Found::Value(value) => Ok(value.clone()),
            Found::Page(_) => Ok(None),
        }
    }

    fn page(
        &self,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Pair>, StoreError> {
        let page = Page {
            prefix: prefix.to_vec(),
            after: after.map(<[u8]>::to_vec),
            limit,
        };
        match self.find(Read::Page(page))? {
            Found::Page(pairs) => Ok(pairs.clone()),
            Found::Value(_) => Ok(Vec::new()),
        }
    }

    fn peek(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.peeked.borrow_mut().push(key.to_vec());
        self.get(key)
    }

    fn expect(&self, keys: Vec<Vec<u8>>) {
        self.want(keys.into_iter().map(Read::Value));
    }

    fn expect_under(&self, prefixes: Vec<Vec<u8>>) {
        let whole = |prefix| Page {
            prefix,
            after: None,
            limit: usize::MAX,
        };
        self.want(prefixes.into_iter().map(whole).map(Read::Page));
    }
}

impl<R: Remote> Optimistic<R> {
    async fn fetch(
        &self,
        missed: Vec<Read>,
        found: &mut BTreeMap<Read, Found>,
    ) -> Result<(), StoreError> {
        let answers = self.0.fetch(&missed).await?;
        if answers.len() != missed.len() {
            let reason = "it answered other than it was asked";
            return Err(StoreError::Unavailable(reason.to_owned()));
        }
        found.extend(missed.into_iter().zip(answers));
        Ok(())
    }
}

impl<R: Remote> Engine for Optimistic<R> {
    async fn write<T: Send + 'static>(
        &self,
        operation: impl Fn(&mut Transaction<'_>) -> Result<T, StoreError> + Send + Sync + 'static,
    ) -> Result<T, StoreError> {
        let mut found = BTreeMap::new();
        let mut tries = 0;
        loop {
            let (answer, writes, peeked, missed) = {
                let known = Known::over(&found);
                let mut tx = Transaction::new(&known);
                let answer = operation(&mut tx);
                let writes = tx.into_writes();
                let peeked = known.peeked.take();
                (answer, writes, peeked, known.into_missed())
            };
            if !missed.is_empty() {
                self.fetch(missed, &mut found).await?;
                continue;
            }
            let answer = answer?;
            for key in peeked {
                found.remove(&Read::Value(key));
            }
            // What was read in one look is from one moment: nothing to check.
            if writes.is_empty() && found.len() <= 1 {
                return Ok(answer);
            }
            let change = Change {
                conditions: core::mem::take(&mut found),
                writes,
            };
            match self.0.commit(&change).await? {
                Outcome::Committed => return Ok(answer),
                Outcome::Conflict if tries < TRIES => tries += 1,
                Outcome::Conflict => {
                    let reason = format!("others changed the same records {TRIES} times in a row");
                    return Err(StoreError::Unavailable(reason));
                }
            }
        }
    }

    async fn read<T: Send + 'static>(
        &self,
        operation: impl Fn(&dyn View) -> Result<T, StoreError> + Send + Sync + 'static,
    ) -> Result<T, StoreError> {
        let mut found = BTreeMap::new();
        loop {
            let (answer, missed) = {
                let known = Known::over(&found);
                let answer = operation(&known);
                (answer, known.into_missed())
            };
            if missed.is_empty() {
                return answer;
            }
            self.fetch(missed, &mut found).await?;
        }
    }

    async fn health(&self) -> Result<(), StoreError> {
        self.0.fetch(&[]).await.map(drop)
    }

    async fn follow(&self) -> Result<Option<Box<dyn Feed>>, StoreError> {
        self.0.follow().await.map(Some)
    }

    fn pin(&self, id: StoreId) {
        self.0.pin(id);
    }
}

#[cfg(test)]
mod tests;
