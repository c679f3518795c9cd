//! The contract over a database in memory that others change all the time, and what operations
//! cost in round trips.

mod machine;
mod round_trips;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use latchkey_core::{FlowId, StoreId};

use self::machine::Machine;
use super::{MAX_ATTEMPTS, Optimistic};
use crate::attempts::counted;
use crate::engine::{Engine, Running};
use crate::error::StoreError;
use crate::feed::ChangeFeed;
use crate::records::{Change, Found, Read, Reader};
use crate::remote::{NoTurn, Outcome, Remote};
use crate::store::Store;
use crate::table::{FINISHED_FLOWS, IMPORTING, SWEPT_UNTIL};
use crate::transaction::Tx;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn keeps_the_contract_though_others_are_faster() {
    let conflicts = Arc::new(AtomicUsize::new(0));
    let contract = crate::contract::check(|| async {
        let machine = Machine::default();
        machine.0.is_contended.store(true, Ordering::Relaxed);
        let seen = Arc::clone(&conflicts);
        let database = Arc::clone(&machine.0);
        tokio::spawn(async move {
            while Arc::strong_count(&database) > 1 {
                tokio::task::yield_now().await;
            }
            let met = database.conflicts.load(Ordering::Relaxed);
            seen.fetch_add(met, Ordering::Relaxed);
        });
        [machine.clone(), machine]
            .map(|machine| -> Arc<dyn Store> { Arc::new(Optimistic::new(machine)) })
    });
    Box::pin(contract).await;
    assert!(conflicts.load(Ordering::Relaxed) > 100, "nobody was faster");
}

/// A database in which everything changes between two looks.
struct Restless(AtomicUsize);

#[async_trait]
impl Reader for Restless {
    async fn fetch(&self, reads: &[Read]) -> Result<Vec<Found>, StoreError> {
        let moment = self.0.fetch_add(1, Ordering::Relaxed);
        let value = moment.to_string().into_bytes();
        Ok(vec![Found::Value(Some(value)); reads.len()])
    }
}

impl Remote for Restless {
    type Turn<'a> = NoTurn;

    async fn commit(&self, _: &Change) -> Result<Outcome, StoreError> {
        Ok(Outcome::Conflict)
    }

    async fn turn(&self, _: &Change) -> Result<Option<NoTurn>, StoreError> {
        Ok(None)
    }

    fn expect_id(&self, _: StoreId) {}

    async fn follow(&self) -> Result<Box<dyn ChangeFeed>, StoreError> {
        Err(StoreError::Unavailable("nothing to follow".into()))
    }
}

const FLOW: FlowId = FlowId::from_bytes([7; 16]);

fn restless() -> Optimistic<Restless> {
    Optimistic::new(Restless(AtomicUsize::new(0)))
}

#[tokio::test]
async fn what_one_read_sees_is_of_one_moment() {
    let engine = restless();
    let both = engine.read((), |tx, ()| {
        Box::pin(async move {
            let one = tx.get(SWEPT_UNTIL, &()).await?;
            // Fetched after the first: as things stand then.
            let two = tx.get(FINISHED_FLOWS, &FLOW).await?;
            Ok([one, two])
        })
    });
    let [one, two] = both.await.expect("read");
    assert!(one.is_some());
    assert_eq!(one, two);
}

#[tokio::test]
async fn what_is_peeked_at_is_a_snapshot_in_several_steps() {
    let engine = restless();
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
async fn what_never_comes_through_is_given_up() {
    fn one<'t>(tx: &'t mut Tx<'_>, (): &'t ()) -> Running<'t, ()> {
        Box::pin(async move { tx.get(SWEPT_UNTIL, &()).await.map(drop) })
    }
    fn two<'t>(tx: &'t mut Tx<'_>, (): &'t ()) -> Running<'t, ()> {
        Box::pin(async move {
            tx.get(SWEPT_UNTIL, &()).await?;
            tx.put(IMPORTING, &(), &true)
        })
    }
    assert_eq!(
        restless().write((), one).await,
        Ok(()),
        "it changes nothing"
    );
    let engine = restless();
    let (refused, attempts) = counted(engine.write((), two)).await;
    assert_eq!(attempts, MAX_ATTEMPTS as usize);
    let refused = refused.expect_err("it never comes through");
    assert!(matches!(refused, StoreError::Unavailable(_)), "{refused:?}");
}
