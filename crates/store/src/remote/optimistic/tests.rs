//! Runs the store contract against a contended in-memory database, and counts the round trips of
//! each operation.

mod fake_database;
mod refreshes;
mod round_trips;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use latchkey_core::{FlowId, StoreId};

use self::fake_database::FakeDatabase;
use super::{MAX_ATTEMPTS, Optimistic};
use crate::attempts::counted;
use crate::engine::{Engine, OperationFuture};
use crate::error::StoreError;
use crate::feed::ChangeFeed;
use crate::records::{Change, Found, Read, Reader};
use crate::remote::{NoLocks, Outcome, Remote};
use crate::store::Store;
use crate::table::{FINISHED_FLOWS, IMPORTING, SWEPT_UNTIL};
use crate::transaction::Tx;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn contended_store_passes_the_contract() {
    let conflicts = Arc::new(AtomicUsize::new(0));
    let contract = crate::contract::check(|| async {
        let database = FakeDatabase::default();
        database.0.is_contended.store(true, Ordering::Relaxed);
        let total = Arc::clone(&conflicts);
        let state = Arc::clone(&database.0);
        tokio::spawn(async move {
            while Arc::strong_count(&state) > 1 {
                tokio::task::yield_now().await;
            }
            let conflicts = state.conflicts.load(Ordering::Relaxed);
            total.fetch_add(conflicts, Ordering::Relaxed);
        });
        [database.clone(), database]
            .map(|database| -> Arc<dyn Store> { Arc::new(Optimistic::new(database)) })
    });
    Box::pin(contract).await;
    assert!(conflicts.load(Ordering::Relaxed) > 100, "too few conflicts");
}

/// A database in which every record changes between two fetches.
struct ChangingDatabase(AtomicUsize);

#[async_trait]
impl Reader for ChangingDatabase {
    async fn fetch(&self, reads: &[Read]) -> Result<Vec<Found>, StoreError> {
        let version = self.0.fetch_add(1, Ordering::Relaxed);
        let value = version.to_string().into_bytes();
        Ok(vec![Found::Value(Some(value)); reads.len()])
    }
}

impl Remote for ChangingDatabase {
    type LockedTransaction<'a> = NoLocks;

    async fn commit(&self, _: &Change) -> Result<Outcome, StoreError> {
        Ok(Outcome::Conflict)
    }

    async fn lock(&self, _: &Change) -> Result<Option<NoLocks>, StoreError> {
        Ok(None)
    }

    fn expect_id(&self, _: StoreId) {}

    async fn follow(&self) -> Result<Box<dyn ChangeFeed>, StoreError> {
        Err(StoreError::Unavailable("no change feed".into()))
    }
}

const FLOW: FlowId = FlowId::from_bytes([7; 16]);

fn changing() -> Optimistic<ChangingDatabase> {
    Optimistic::new(ChangingDatabase(AtomicUsize::new(0)))
}

#[tokio::test]
async fn reads_are_a_consistent_snapshot() {
    let engine = changing();
    let both = engine.read((), |tx, ()| {
        Box::pin(async move {
            let one = tx.get(SWEPT_UNTIL, &()).await?;
            // The first run fetches this after `one`; only a repeated run fetches both together.
            let two = tx.get(FINISHED_FLOWS, &FLOW).await?;
            Ok([one, two])
        })
    });
    let [one, two] = both.await.expect("read");
    assert!(one.is_some());
    assert_eq!(one, two);
}

#[tokio::test]
async fn peeks_are_not_part_of_the_snapshot() {
    let engine = changing();
    let both = engine.read((), |tx, ()| {
        Box::pin(async move {
            let one = tx.peek(SWEPT_UNTIL, &()).await?;
            let two = tx.get(FINISHED_FLOWS, &FLOW).await?;
            Ok([one, two])
        })
    });
    let [one, two] = both.await.expect("read");
    assert!(one < two, "{one:?} {two:?}");
}

#[tokio::test]
async fn write_gives_up_after_the_maximum_number_of_attempts() {
    fn without_writes<'t>(tx: &'t mut Tx<'_>, (): &'t ()) -> OperationFuture<'t, ()> {
        Box::pin(async move { tx.get(SWEPT_UNTIL, &()).await.map(drop) })
    }
    fn with_writes<'t>(tx: &'t mut Tx<'_>, (): &'t ()) -> OperationFuture<'t, ()> {
        Box::pin(async move {
            tx.get(SWEPT_UNTIL, &()).await?;
            tx.put(IMPORTING, &(), &true)
        })
    }
    assert_eq!(
        changing().write((), without_writes).await,
        Ok(()),
        "an operation without writes needs no commit"
    );
    let engine = changing();
    let (refused, attempts) = counted(engine.write((), with_writes)).await;
    assert_eq!(attempts, MAX_ATTEMPTS as usize);
    let refused = refused.expect_err("every commit conflicts");
    assert!(matches!(refused, StoreError::Unavailable(_)), "{refused:?}");
}
