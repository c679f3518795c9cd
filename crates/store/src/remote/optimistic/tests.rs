//! The contract over a database in memory that others change all the time.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use core::time::Duration;
use latchkey_core::{Denial, DenialReason, Denied, EndReason, SessionId, StoreId, User, UserId};

use crate::backup::Record;
use crate::contract::world::{NOW, device, new_session, user};
use crate::error::StoreError;
use crate::feed::{ChangeFeed, Changes};
use crate::keyspace::{Engine as _, KeyValueStore, View as _};
use crate::remote::{Announcement, Change, Found, Optimistic, Outcome, Read, Remote};
use crate::request::{EndSessions, Opened};
use crate::store::Store;

type Records = BTreeMap<Vec<u8>, Vec<u8>>;

/// A database, and everything that was announced in it.
#[derive(Default)]
struct Database {
    records: Mutex<Records>,
    announced: Mutex<VecDeque<Announcement>>,
    conflicts: AtomicUsize,
    commits: AtomicUsize,
    fetches: AtomicUsize,
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
        self.0.fetches.fetch_add(1, Ordering::Relaxed);
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
            let mut news = Changes::default();
            for next in self.0.announced.lock().expect("a list").drain(..) {
                let parse = |bytes: &Vec<u8>| serde_json::from_slice(bytes).expect("a denial");
                news.denials.extend(next.denials.iter().map(parse));
                let accounts = next.accounts.into_iter().map(UserId::from_bytes);
                news.accounts.extend(accounts);
            }
            if news != Changes::default() || begun.elapsed() > patience {
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
            .map(|machine| -> Arc<dyn Store> { Arc::new(KeyValueStore(Optimistic::new(machine))) })
    })
    .await;
    assert!(conflicts.load(Ordering::Relaxed) > 100, "nobody was faster");
}

async fn open(store: &dyn Store, person: &User, slice: u8, number: u8) {
    let mut new = new_session(person, number, None);
    let mut id = [number; 16];
    id[0] = slice;
    new.session.id = SessionId::from_bytes(id);
    let opened = store.open_session(new).await.expect("the store answers");
    assert!(matches!(opened, Opened::Opened(_)), "{opened:?}");
}

fn denials(first: u8) -> Vec<Denial> {
    let denial = |number| Denial {
        denied: Denied::Session(SessionId::from_bytes([number; 16])),
        reason: DenialReason::Revoked,
        at: NOW,
        until: NOW.plus(Duration::from_mins(12)),
        cutoff: None,
    };
    (first..first + MANY).map(denial).collect()
}

const MANY: u8 = 60;

/// What an operation costs is its journeys over the network.
#[tokio::test]
async fn what_is_done_to_many_takes_no_more_journeys_than_what_is_done_to_one() {
    let machine = Machine::default();
    let store = KeyValueStore(Optimistic::new(machine.clone()));
    for number in 0..MANY {
        let person = user(&store, number).await;
        open(&store, &person, 7, number).await;
    }
    let [ada, ben] = [user(&store, 100).await, user(&store, 101).await];
    for number in 0..MANY {
        open(&store, &ada, 1, number).await;
        open(&store, &ben, 2, number).await;
    }
    let journeys = || machine.0.fetches.swap(0, Ordering::Relaxed);
    journeys();
    let few = |act: &str| {
        let journeys = journeys();
        // Twice, if it looked as if somebody had been faster.
        assert!(journeys <= 8, "{act} took {journeys} journeys");
    };

    store.deny(denials(0)).await.expect("denied");
    few("to deny");
    let records = denials(100).into_iter().map(Record::Denial).collect();
    store.import(records).await.expect("imported");
    few("to import");
    let ends = EndSessions {
        user: ada.id,
        keep: None,
        reason: EndReason::Revoked,
        device: device("192.0.2.1"),
        now: NOW,
    };
    let ended = store.end_sessions_of(ends).await.expect("ended");
    let ended = ended.expect("known");
    assert_eq!(ended.live, usize::from(MANY));
    few("to sign out everywhere");
    let banned = store.ban_user(ben.id, "spam".into(), NOW).await;
    let denied = banned.expect("banned").expect("known");
    assert_eq!((denied.denials.len(), denied.live), (1, usize::from(MANY)));
    few("to ban");
    store.end_everyone(NOW).await.expect("ended");
    few("to end all sessions");
    let ended = store.write_down_ends(7).await.expect("written");
    assert_eq!(ended.len(), usize::from(MANY));
    few("to write down a slice of them");
}

/// A database in which everything changes between two looks.
struct Restless(AtomicUsize);

impl Remote for Restless {
    async fn fetch(&self, reads: &[Read]) -> Result<Vec<Found>, StoreError> {
        let moment = self.0.fetch_add(1, Ordering::Relaxed);
        let value = moment.to_string().into_bytes();
        Ok(vec![Found::Value(Some(value)); reads.len()])
    }

    async fn commit(&self, _: &Change) -> Result<Outcome, StoreError> {
        Ok(Outcome::Conflict)
    }

    fn pin(&self, _: StoreId) {}

    async fn follow(&self) -> Result<Box<dyn ChangeFeed>, StoreError> {
        Err(StoreError::Unavailable("nothing to follow".into()))
    }
}

#[tokio::test]
async fn what_one_read_sees_is_of_one_moment() {
    let engine = Optimistic::new(Restless(AtomicUsize::new(0)));
    let read = engine.read(|view| Ok([view.get(b"one")?, view.get(b"two")?]));
    let [one, two] = read.await.expect("read");
    assert!(one.is_some());
    assert_eq!(one, two);
}

#[tokio::test]
async fn what_never_comes_through_is_given_up() {
    let engine = Optimistic::new(Restless(AtomicUsize::new(0)));
    let write = engine.write(|tx| tx.get(b"one").map(drop));
    assert_eq!(write.await, Ok(()), "one look needs no commit");
    let write = engine.write(|tx| {
        tx.get(b"one")?;
        tx.get(b"two").map(drop)
    });
    let refused = write.await.expect_err("it never comes through");
    assert!(matches!(refused, StoreError::Unavailable(_)), "{refused:?}");
}
