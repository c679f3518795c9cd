//! The contract over a database in memory that others change all the time.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use core::time::Duration;
use latchkey_core::{StoreId, UserId};

use crate::error::StoreError;
use crate::feed::{Feed, News};
use crate::keyspace::{KeyValueStore, View as _};
use crate::remote::{Announcement, Change, Found, Optimistic, Outcome, Read, Remote};
use crate::store::Store;

type Records = BTreeMap<Vec<u8>, Vec<u8>>;

/// A database, and everything that was announced in it.
#[derive(Default)]
struct Database {
    records: Mutex<Records>,
    announced: Mutex<VecDeque<Announcement>>,
    conflicts: AtomicUsize,
    commits: AtomicUsize,
}

#[derive(Clone, Default)]
struct Machine(Arc<Database>);

fn read(records: &Records, read: &Read) -> Found {
    match read {
        Read::Value(key) => Found::Value(records.get(key).cloned()),
        Read::Page(page) => {
            let after = page.after.as_deref();
            let pairs = records.page(&page.prefix, after, page.limit);
            Found::Page(pairs.expect("memory"))
        }
    }
}

impl Remote for Machine {
    async fn fetch(&self, reads: &[Read]) -> Result<Vec<Found>, StoreError> {
        // The others go first.
        tokio::task::yield_now().await;
        let records = self.0.records.lock().expect("records");
        Ok(reads.iter().map(|it| read(&records, it)).collect())
    }

    async fn commit(&self, change: &Change) -> Result<Outcome, StoreError> {
        tokio::task::yield_now().await;
        let mut records = self.0.records.lock().expect("records");
        let stands = |(it, found): (&Read, &Found)| read(&records, it) == *found;
        // Now and then it looks as if somebody had been faster.
        let number = self.0.commits.fetch_add(1, Ordering::Relaxed);
        if number % 5 == 3 || !change.conditions.iter().all(stands) {
            self.0.conflicts.fetch_add(1, Ordering::Relaxed);
            return Ok(Outcome::Conflict);
        }
        for (key, value) in &change.writes {
            match value {
                Some(value) => records.insert(key.clone(), value.clone()),
                None => records.remove(key),
            };
        }
        let news = change.announcement();
        if news != Announcement::default() {
            self.0.announced.lock().expect("a list").push_back(news);
        }
        Ok(Outcome::Committed)
    }

    fn pin(&self, _: StoreId) {}

    async fn follow(&self) -> Result<Box<dyn Feed>, StoreError> {
        self.0.announced.lock().expect("a list").clear();
        Ok(Box::new(self.clone()))
    }
}

#[async_trait]
impl Feed for Machine {
    async fn next(&mut self, patience: Duration) -> Result<News, StoreError> {
        let begun = tokio::time::Instant::now();
        loop {
            let mut news = News::default();
            for next in self.0.announced.lock().expect("a list").drain(..) {
                let parse = |bytes: &Vec<u8>| serde_json::from_slice(bytes).expect("a denial");
                news.denials.extend(next.denials.iter().map(parse));
                let accounts = next.accounts.into_iter().map(UserId::from_bytes);
                news.accounts.extend(accounts);
            }
            if news != News::default() || begun.elapsed() > patience {
                return Ok(news);
            }
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn keeps_the_contract_though_others_are_faster() {
    let conflicts = Arc::new(AtomicUsize::new(0));
    crate::contract::check(|| async {
        let machine = Machine::default();
        let seen = Arc::clone(&conflicts);
        let database = Arc::clone(&machine.0);
        tokio::spawn(async move {
            while Arc::strong_count(&database) > 1 {
                tokio::task::yield_now().await;
            }
            seen.fetch_add(
                database.conflicts.load(Ordering::Relaxed),
                Ordering::Relaxed,
            );
        });
        [machine.clone(), machine]
            .map(|machine| -> Arc<dyn Store> { Arc::new(KeyValueStore(Optimistic(machine))) })
    })
    .await;
    assert!(conflicts.load(Ordering::Relaxed) > 100, "nobody was faster");
}
