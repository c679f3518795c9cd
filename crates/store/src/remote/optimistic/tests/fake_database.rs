//! A shared database in memory that counts round trips and can simulate conflicts.

use core::time::Duration;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use latchkey_core::StoreId;

use crate::error::StoreError;
use crate::feed::{ChangeFeed, Changes};
use crate::memory::Records;
use crate::records::{Change, Found, Read, Reader};
use crate::remote::{Announcement, NoLocks, Outcome, Remote};

/// The records, what was announced, and counters.
#[derive(Default)]
pub(super) struct State {
    pub(super) records: Mutex<Records>,
    announced: Mutex<VecDeque<Announcement>>,
    /// Whether every fifth commit conflicts.
    pub(super) is_contended: AtomicBool,
    pub(super) conflicts: AtomicUsize,
    pub(super) commits: AtomicUsize,
    pub(super) fetches: AtomicUsize,
    /// The keys that the latest commit wrote.
    pub(super) written: Mutex<Vec<Vec<u8>>>,
}

/// A handle to the database.
#[derive(Clone, Default)]
pub(super) struct FakeDatabase(pub(super) Arc<State>);

impl FakeDatabase {
    /// The number of fetches and commits since the last call.
    pub(super) fn round_trips(&self) -> (usize, usize) {
        let [fetches, commits] =
            [&self.0.fetches, &self.0.commits].map(|count| count.swap(0, Ordering::Relaxed));
        (fetches, commits)
    }
}

#[async_trait]
impl Reader for FakeDatabase {
    async fn fetch(&self, reads: &[Read]) -> Result<Vec<Found>, StoreError> {
        // Let concurrent operations run first.
        tokio::task::yield_now().await;
        self.0.fetches.fetch_add(1, Ordering::Relaxed);
        let records = self.0.records.lock().expect("records");
        Ok(reads.iter().map(|it| records.read(it)).collect())
    }
}

impl Remote for FakeDatabase {
    type LockedTransaction<'a> = NoLocks;

    async fn commit(&self, change: &Change) -> Result<Outcome, StoreError> {
        tokio::task::yield_now().await;
        let mut records = self.0.records.lock().expect("records");
        let holds = |(it, found): (&Read, &Found)| records.read(it) == *found;
        let number = self.0.commits.fetch_add(1, Ordering::Relaxed);
        let is_forced = number % 5 == 3 && self.0.is_contended.load(Ordering::Relaxed);
        if is_forced || !change.conditions.iter().all(holds) {
            self.0.conflicts.fetch_add(1, Ordering::Relaxed);
            return Ok(Outcome::Conflict);
        }
        *self.0.written.lock().expect("keys") = change.writes.keys().cloned().collect();
        records.apply(change.writes.clone());
        let announcement = change.announcement();
        if announcement != Announcement::default() {
            let mut announced = self.0.announced.lock().expect("a list");
            announced.push_back(announcement);
        }
        Ok(Outcome::Committed)
    }

    async fn lock(&self, _: &Change) -> Result<Option<NoLocks>, StoreError> {
        Ok(None)
    }

    fn expect_id(&self, _: StoreId) {}

    async fn follow(&self) -> Result<Box<dyn ChangeFeed>, StoreError> {
        self.0.announced.lock().expect("a list").clear();
        Ok(Box::new(self.clone()))
    }
}

#[async_trait]
impl ChangeFeed for FakeDatabase {
    async fn next(&mut self, max_wait: Duration) -> Result<Changes, StoreError> {
        let begun = tokio::time::Instant::now();
        loop {
            let mut changes = Changes::default();
            for next in self.0.announced.lock().expect("a list").drain(..) {
                let parse = |bytes: &Vec<u8>| serde_json::from_slice(bytes).expect("a denial");
                changes.denials.extend(next.denials.iter().map(parse));
                changes.users.extend(next.users);
            }
            if changes != Changes::default() || begun.elapsed() > max_wait {
                return Ok(changes);
            }
            tokio::task::yield_now().await;
        }
    }
}
