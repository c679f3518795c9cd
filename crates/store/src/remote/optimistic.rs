//! The engine over a shared database.

use core::hash::BuildHasher as _;
use core::time::Duration;
use std::fmt;
use std::hash::RandomState;

use latchkey_core::StoreId;
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::sleep;

use super::{Outcome, Remote, Turn as _};
use crate::attempts;
use crate::engine::{Engine, Operation};
use crate::error::StoreError;
use crate::feed::ChangeFeed;
use crate::records::{Change, Reader};
use crate::table::conflict_group;
use crate::transaction::Tx;

/// How many commits of an operation are tried.
const MAX_ATTEMPTS: u32 = 100;
/// How many queues there are for operations that were in conflict, by what they write.
const QUEUES: usize = 64;
/// The longest pause between two attempts, in which those of other machines come through.
const MAX_PAUSE: Duration = Duration::from_millis(32);
/// How often a read is repeated because records were added to what it reads.
const MAX_READS: usize = 20;

/// Runs operations over what they fetch and commits them on the condition that it still stands.
pub struct Optimistic<R> {
    remote: R,
    /// Operations run side by side until they were in conflict. Those of this process then go on
    /// one after the other, in the order in which they came.
    queues: [Mutex<()>; QUEUES],
    hasher: RandomState,
}

impl<R> fmt::Debug for Optimistic<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Optimistic").finish_non_exhaustive()
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

    /// Waits for the turn of a change that was in conflict.
    async fn queue(&self, change: &Change) -> MutexGuard<'_, ()> {
        let written = change.writes.keys().next().map(Vec::as_slice);
        let key = written.unwrap_or_default();
        let hash = self.hasher.hash_one(conflict_group(key).unwrap_or(key));
        let number = usize::try_from(hash % QUEUES as u64).unwrap_or_default();
        self.queues[number].lock().await
    }
}

impl<R: Remote> Engine for Optimistic<R> {
    async fn write<A: Send + Sync + 'static, T: Send + 'static>(
        &self,
        arguments: A,
        operation: Operation<A, T>,
    ) -> Result<T, StoreError> {
        let mut known = Vec::new();
        let mut refused: Option<Change> = None;
        let mut queued = None;
        for attempt in 1..=MAX_ATTEMPTS {
            let turn = match &refused {
                Some(change) => self.remote.turn(change).await?,
                None => None,
            };
            let reader: &dyn Reader = match &turn {
                Some(turn) => turn,
                None => &self.remote,
            };
            let mut tx = Tx::new(reader);
            // After a conflict all that was read before, in one round trip.
            tx.prefetch(known).await?;
            let answer = operation(&mut tx, &arguments).await?;
            if turn.is_none() && !tx.has_writes() && tx.is_of_one_round_trip() {
                return Ok(answer);
            }
            known = tx.reads();
            let change = tx.into_change();
            attempts::count();
            let outcome = match turn {
                Some(turn) => turn.commit(&change).await?,
                None => self.remote.commit(&change).await?,
            };
            if outcome == Outcome::Committed {
                return Ok(answer);
            }
            if queued.is_none() {
                queued = Some(self.queue(&change).await);
            }
            refused = Some(change);
            sleep(pause(attempt)).await;
        }
        let reason = format!("others changed the same records {MAX_ATTEMPTS} times in a row");
        Err(StoreError::Unavailable(reason))
    }

    async fn read<A: Send + Sync + 'static, T: Send + 'static>(
        &self,
        arguments: A,
        operation: Operation<A, T>,
    ) -> Result<T, StoreError> {
        let mut known = Vec::new();
        for _ in 0..MAX_READS {
            let mut tx = Tx::new(&self.remote);
            tx.prefetch(known).await?;
            let answer = operation(&mut tx, &arguments).await?;
            if tx.is_of_one_round_trip() {
                return Ok(answer);
            }
            // What was fetched bit by bit is of several moments: once more, all at once.
            known = tx.reads();
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

    fn expect_id(&self, id: StoreId) {
        self.remote.expect_id(id);
    }
}

/// Twice as long after each attempt, up to a bound, and cut at random: two that were in conflict
/// must not come back at the same time.
fn pause(attempts: u32) -> Duration {
    let longest = Duration::from_millis(1 << attempts.min(10)).min(MAX_PAUSE);
    let chance = RandomState::new().hash_one(attempts) % 1000;
    longest.mul_f64(f64::from(u16::try_from(chance).unwrap_or(0)) / 1000.0)
}

#[cfg(test)]
mod tests;
