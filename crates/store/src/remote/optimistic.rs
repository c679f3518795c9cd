//! The engine over a shared database, with optimistic concurrency control.

use core::hash::BuildHasher as _;
use core::time::Duration;
use std::fmt;
use std::hash::RandomState;

use latchkey_core::StoreId;
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::sleep;

use super::{LockedTransaction as _, Outcome, Remote};
use crate::attempts;
use crate::engine::{Engine, Operation};
use crate::error::StoreError;
use crate::feed::ChangeFeed;
use crate::records::{Change, Reader};
use crate::table::conflict_group;
use crate::transaction::Tx;

/// The maximum number of commit attempts for an operation.
const MAX_ATTEMPTS: u32 = 100;
/// The number of queues for operations in conflict. Each operation is assigned to a queue by a key
/// that it writes.
const QUEUES: usize = 64;
/// The maximum backoff between two attempts.
const MAX_BACKOFF: Duration = Duration::from_millis(32);
/// The maximum number of attempts to read a consistent snapshot.
const MAX_READ_ATTEMPTS: usize = 20;

/// Runs operations over the records they fetch, and commits their writes under the condition that
/// those records have not changed.
pub struct Optimistic<R> {
    remote: R,
    /// An operation enters its queue only after a conflict. From then on, the operations in a queue
    /// run one after the other, in order of arrival.
    queues: [Mutex<()>; QUEUES],
    hasher: RandomState,
}

impl<R> fmt::Debug for Optimistic<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Optimistic").finish_non_exhaustive()
    }
}

impl<R: Remote> Optimistic<R> {
    /// An engine over this database.
    pub fn new(remote: R) -> Self {
        Self {
            remote,
            queues: std::array::from_fn(|_| Mutex::default()),
            hasher: RandomState::new(),
        }
    }

    /// Queues an operation whose change was in conflict, and waits for its turn.
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
            let locked = match &refused {
                Some(change) => self.remote.lock(change).await?,
                None => None,
            };
            let reader: &dyn Reader = match &locked {
                Some(locked) => locked,
                None => &self.remote,
            };
            let mut tx = Tx::new(reader);
            // After a conflict, everything that the previous attempt read is fetched in one round trip.
            tx.prefetch(known).await?;
            let value = operation(&mut tx, &arguments).await?;
            if locked.is_none() && !tx.has_writes() && tx.is_of_one_round_trip() {
                return Ok(value);
            }
            known = tx.reads();
            let change = tx.into_change();
            attempts::count();
            let outcome = match locked {
                Some(locked) => locked.commit(&change).await?,
                None => self.remote.commit(&change).await?,
            };
            if outcome == Outcome::Committed {
                return Ok(value);
            }
            if queued.is_none() {
                queued = Some(self.queue(&change).await);
            }
            refused = Some(change);
            sleep(backoff(attempt)).await;
        }
        let reason = format!("{MAX_ATTEMPTS} commits in a row conflicted with other changes");
        Err(StoreError::Unavailable(reason))
    }

    async fn read<A: Send + Sync + 'static, T: Send + 'static>(
        &self,
        arguments: A,
        operation: Operation<A, T>,
    ) -> Result<T, StoreError> {
        let mut known = Vec::new();
        for _ in 0..MAX_READ_ATTEMPTS {
            let mut tx = Tx::new(&self.remote);
            tx.prefetch(known).await?;
            let value = operation(&mut tx, &arguments).await?;
            if tx.is_of_one_round_trip() {
                return Ok(value);
            }
            // Results from several round trips are not a consistent snapshot: run again, and fetch
            // everything in one round trip.
            known = tx.reads();
        }
        let reason = "records changed too fast for a consistent read";
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

/// Exponential backoff with jitter, so that two operations in conflict do not retry at the same
/// time.
fn backoff(attempts: u32) -> Duration {
    let longest = Duration::from_millis(1 << attempts.min(10)).min(MAX_BACKOFF);
    let chance = RandomState::new().hash_one(attempts) % 1000;
    longest.mul_f64(f64::from(u16::try_from(chance).unwrap_or(0)) / 1000.0)
}

#[cfg(test)]
mod tests;
