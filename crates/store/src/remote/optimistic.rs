//! The engine over a shared database.

use core::hash::BuildHasher as _;
use core::time::Duration;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::hash::RandomState;

use latchkey_core::StoreId;
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::sleep;

use super::{Change, Found, Outcome, Page, Read, Remote};
use crate::error::StoreError;
use crate::feed::ChangeFeed;
use crate::keyspace::{Engine, Pair, Transaction, View, key};

/// How often an operation is tried again because others were faster.
const MAX_ATTEMPTS: u32 = 100;
/// How many queues there are for operations that were in each other's way, by what they write.
const QUEUES: usize = 64;
/// The longest pause between two attempts, in which those of other machines come through.
const MAX_PAUSE: Duration = Duration::from_millis(32);
/// How often a read is repeated because records were added to what it looks at.
const MAX_READS: usize = 20;

/// Runs operations over what was fetched and commits them on the condition that it still stands.
pub struct Optimistic<R> {
    remote: R,
    /// Operations run side by side until they were in each other's way. Those of this process then
    /// go on one after the other, in the order in which they came.
    queues: [Mutex<()>; QUEUES],
    hasher: RandomState,
}

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
    /// What the operation depends on: what it looked at, other than by peeking.
    depended: RefCell<BTreeSet<Read>>,
}

impl Known<'_> {
    fn over(found: &BTreeMap<Read, Found>) -> Known<'_> {
        Known {
            found,
            missed: RefCell::default(),
            depended: RefCell::default(),
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
        let mut depended = self.depended.borrow_mut();
        depended.insert(Read::Value(key.to_vec()));
        self.peek(key)
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
        let mut depended = self.depended.borrow_mut();
        depended.insert(Read::Page(page.clone()));
        match self.find(Read::Page(page))? {
            Found::Page(pairs) => Ok(pairs.clone()),
            Found::Value(_) => Ok(Vec::new()),
        }
    }

    fn peek(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        match self.find(Read::Value(key.to_vec()))? {
            Found::Value(value) => Ok(value.clone()),
            Found::Page(_) => Ok(None),
        }
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
    /// Over this database.
    pub fn new(remote: R) -> Self {
        Self {
            remote,
            queues: std::array::from_fn(|_| Mutex::default()),
            hasher: RandomState::new(),
        }
    }

    /// Waits for the turn of a change that did not come through.
    async fn queue(&self, change: &Change) -> MutexGuard<'_, ()> {
        let written = change.writes.keys().next().map(Vec::as_slice);
        let key = written.unwrap_or_default();
        let hash = self.hasher.hash_one(key::family(key).unwrap_or(key));
        let number = usize::try_from(hash % QUEUES as u64).unwrap_or_default();
        self.queues[number].lock().await
    }

    async fn fetch(
        &self,
        missed: Vec<Read>,
        found: &mut BTreeMap<Read, Found>,
    ) -> Result<(), StoreError> {
        let answers = self.remote.fetch(&missed).await?;
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
        let mut attempts = 0;
        let mut turn = None;
        loop {
            let (answer, writes, depended, missed) = {
                let known = Known::over(&found);
                let mut tx = Transaction::new(&known);
                let answer = operation(&mut tx);
                let writes = tx.into_writes();
                let depended = known.depended.take();
                (answer, writes, depended, known.into_missed())
            };
            if !missed.is_empty() {
                self.fetch(missed, &mut found).await?;
                continue;
            }
            let answer = answer?;
            found.retain(|read, _| depended.contains(read));
            // What was read in one look is from one moment: nothing to check.
            if writes.is_empty() && found.len() <= 1 {
                return Ok(answer);
            }
            let change = Change {
                conditions: core::mem::take(&mut found),
                writes,
            };
            match self.remote.commit(&change).await? {
                Outcome::Committed => return Ok(answer),
                Outcome::Conflict if attempts < MAX_ATTEMPTS => {
                    attempts += 1;
                    if turn.is_none() {
                        turn = Some(self.queue(&change).await);
                    }
                    sleep(pause(attempts)).await;
                }
                Outcome::Conflict => {
                    let reason =
                        format!("others changed the same records {MAX_ATTEMPTS} times in a row");
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
        let mut fetches = 0;
        for _ in 0..MAX_READS {
            let (answer, missed) = {
                let known = Known::over(&found);
                let answer = operation(&known);
                (answer, known.into_missed())
            };
            if !missed.is_empty() {
                self.fetch(missed, &mut found).await?;
                fetches += 1;
            } else if fetches <= 1 {
                return answer;
            } else {
                // What was fetched bit by bit is of several moments: once more, all at once.
                let all = core::mem::take(&mut found).into_keys().collect();
                self.fetch(all, &mut found).await?;
                fetches = 1;
            }
        }
        let reason = "records were added faster than they could be read";
        Err(StoreError::Unavailable(reason.to_owned()))
    }

    async fn health(&self) -> Result<(), StoreError> {
        self.remote.fetch(&[]).await.map(drop)
    }

    async fn follow(&self) -> Result<Option<Box<dyn ChangeFeed>>, StoreError> {
        self.remote.follow().await.map(Some)
    }

    fn pin(&self, id: StoreId) {
        self.remote.pin(id);
    }
}

/// Twice as long after each attempt, up to a bound, and cut by chance: two that were in each
/// other's way must not come back at the same time.
fn pause(attempts: u32) -> Duration {
    let longest = Duration::from_millis(1 << attempts.min(10)).min(MAX_PAUSE);
    let chance = RandomState::new().hash_one(attempts) % 1000;
    longest.mul_f64(f64::from(u16::try_from(chance).unwrap_or(0)) / 1000.0)
}

#[cfg(test)]
mod tests;
