//! A shared database in memory that counts what it is asked, and can be contended.

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
use crate::remote::{Announcement, NoTurn, Outcome, Remote};

/// A database, and everything that was announced in it.
#[derive(Default)]
pub(super) struct Database {
    pub(super) records: Mutex<Records>,
    announced: Mutex<VecDeque<Announcement>>,
    /// Whether every fifth commit looks as if another machine had been faster.
    pub(super) is_contended: AtomicBool,
    pub(super) conflicts: AtomicUsize,
    pub(super) commits: AtomicUsize,
    pub(super) fetches: AtomicUsize,
    /// The keys that the latest change wrote.
    pub(super) written: Mutex<Vec<Vec<u8>>>,
}

/// A machine over the database.
#[derive(Clone, Default)]
pub(super) struct Machine(pub(super) Arc<Database>);

impl Machine {
    /// Fetches and commits since the last look.
    pub(super) fn round_trips(&self) -> (usize, usize) {
        let [fetches, commits] =
            [&self.0.fetches, &self.0.commits].map(|count| count.swap(0, Ordering::Relaxed));
        (fetches, commits)
    }
}

#[async_trait]
impl Reader for Machine {
    async fn fetch(&self, reads: &[Read]) -> Result<Vec<Found>, StoreError> {
        // The others go first.
        tokio::task::yield_now().await;
        self.0.fetches.fetch_add(1, Ordering::Relaxed);
        let records = self.0.records.lock().expect("records");
        Ok(reads.iter().map(|it| records.read(it)).collect())
    }
}

impl Remote for Machine {
    type Turn<'a> = NoTurn;

    async fn commit(&self, change: &Change) -> Result<Outcome, StoreError> {
        tokio::task::yield_now().await;
        let mut records = self.0.records.lock().expect("records");
        let stands = |(it, found): (&Read, &Found)| records.read(it) == *found;
        let number = self.0.commits.fetch_add(1, Ordering::Relaxed);
        let was_late = number % 5 == 3 && self.0.is_contended.load(Ordering::Relaxed);
        if was_late || !change.conditions.iter().all(stands) {
            self.0.conflicts.fetch_add(1, Ordering::Relaxed);
            return Ok(Outcome::Conflict);
        }
        *self.0.written.lock().expect("keys") = change.writes.keys().cloned().collect();
        records.apply(change.writes.clone());
        let news = change.announcement();
        if news != Announcement::default() {
            self.0.announced.lock().expect("a list").push_back(news);
        }
        Ok(Outcome::Committed)
    }

    async fn turn(&self, _: &Change) -> Result<Option<NoTurn>, StoreError> {
        Ok(None)
    }

    fn expect_id(&self, _: StoreId) {}

    async fn follow(&self) -> Result<Box<dyn ChangeFeed>, StoreError> {
        self.0.announced.lock().expect("a list").clear();
        Ok(Box::new(self.clone()))
    }
}

#[async_trait]
impl ChangeFeed for Machine {
    async fn next(&mut self, patience: Duration) -> Result<Changes, StoreError> {
        let begun = tokio::time::Instant::now();
        loop {
            let mut changes = Changes::default();
            for next in self.0.announced.lock().expect("a list").drain(..) {
                let parse = |bytes: &Vec<u8>| serde_json::from_slice(bytes).expect("a denial");
                changes.denials.extend(next.denials.iter().map(parse));
                changes.accounts.extend(next.accounts);
            }
            if changes != Changes::default() || begun.elapsed() > patience {
                return Ok(changes);
            }
            tokio::task::yield_now().await;
        }
    }
}
