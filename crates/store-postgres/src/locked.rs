//! A transaction that locks the records an operation contends for before it reads them, and holds
//! the locks until it ends.

use async_trait::async_trait;
use latchkey_store::StoreError;
use latchkey_store::records::{Change, Found, Read, Reader};
use latchkey_store::remote::{self, ExpectedStoreId, Lease, Outcome, Pool};
use tokio_postgres::Error;

use crate::commit::{Parameters, lock_ids};
use crate::connection::{Connection, Connector};
use crate::error::{is_conflict, unavailable};
use crate::fetch;

/// A connection with an open transaction. Dropping it closes the connection.
pub struct LockedTransaction<'a> {
    lease: Lease<'a, Connector>,
    pool: &'a Pool<Connector>,
    expected: &'a ExpectedStoreId,
}

impl<'a> LockedTransaction<'a> {
    /// Begins a transaction and acquires the locks; waits for changes to the same records that are
    /// in progress. The order of the locks is that of `latchkey.commit`: groups, then rows.
    pub(crate) async fn begin(
        pool: &'a Pool<Connector>,
        expected: &'a ExpectedStoreId,
        refused: &Change,
    ) -> Result<Self, StoreError> {
        let (groups, keys) = (lock_ids(refused), refused.contended());
        let begin = async {
            loop {
                let lease = pool.lease().await?;
                let Connection { client, locks, .. } = lease.get();
                let begun = async {
                    client.batch_execute("BEGIN").await?;
                    client.query(&locks.groups, &[&groups]).await?;
                    client.query(&locks.rows, &[&keys]).await
                };
                match begun.await {
                    Ok(_) => {
                        return Ok(Self {
                            lease,
                            pool,
                            expected,
                        });
                    }
                    // PostgreSQL aborted this transaction to resolve a deadlock with a commit that
                    // locks further groups or rows. Nothing has been read yet, so begin again. The
                    // dropped connection is closed.
                    Err(error) if is_conflict(&error) => {}
                    Err(error) => return Err(unavailable(&error)),
                }
            }
        };
        pool.with_timeout(begin).await
    }
}

#[async_trait]
impl Reader for LockedTransaction<'_> {
    async fn fetch(&self, reads: &[Read]) -> Result<Vec<Found>, StoreError> {
        let call = async {
            let Connection { client, fetch, .. } = self.lease.get();
            let fetched = fetch::fetch(client, fetch, reads, true).await;
            let (found, id) = fetched.map_err(|error| unavailable(&error))?;
            self.expected.check(id.as_deref())?;
            Ok(found)
        };
        self.pool.with_timeout(call).await
    }
}

impl remote::LockedTransaction for LockedTransaction<'_> {
    async fn commit(self, change: &Change) -> Result<Outcome, StoreError> {
        let parameters = Parameters::of(self.expected.record(), change);
        let Self { lease, pool, .. } = self;
        let call = async {
            let Connection { client, commit, .. } = lease.get();
            let committed = async {
                let committed = parameters.commit(client, commit).await?;
                let end = if committed { "COMMIT" } else { "ROLLBACK" };
                client.batch_execute(end).await?;
                Ok::<_, Error>(committed)
            };
            let outcome = match committed.await {
                Ok(true) => Outcome::Committed,
                Ok(false) => Outcome::Conflict,
                Err(error) if is_conflict(&error) => {
                    let ended = client.batch_execute("ROLLBACK").await;
                    ended.map_err(|error| unavailable(&error))?;
                    Outcome::Conflict
                }
                Err(error) => return Err(unavailable(&error)),
            };
            lease.release();
            Ok(outcome)
        };
        pool.with_timeout(call).await
    }
}
