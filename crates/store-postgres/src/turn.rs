//! An operation's turn: a transaction that holds the locks of the records it contends for, from
//! before they are read until after they are changed.

use async_trait::async_trait;
use latchkey_store::StoreError;
use latchkey_store::records::{Change, Found, Read, Reader};
use latchkey_store::remote::{self, ExpectedStoreId, Lease, Outcome, Pool};
use tokio_postgres::Error;

use crate::commit::{Parameters, numbers_of};
use crate::connection::{Connection, Connector};
use crate::error::{is_conflict, unavailable};
use crate::fetch;

/// A connection with the transaction. If it is dropped, the connection is closed with it.
pub struct Turn<'a> {
    lease: Lease<'a, Connector>,
    pool: &'a Pool<Connector>,
    expected: &'a ExpectedStoreId,
}

impl<'a> Turn<'a> {
    /// Waits for the changes to the same records that are under way, and keeps others from
    /// beginning. It takes its locks in the order in which `latchkey.commit` does: groups, then rows.
    pub(crate) async fn take(
        pool: &'a Pool<Connector>,
        expected: &'a ExpectedStoreId,
        refused: &Change,
    ) -> Result<Self, StoreError> {
        let (groups, keys) = (numbers_of(refused), refused.contended());
        let take = async {
            let lease = pool.lease().await?;
            let Connection { client, locks, .. } = lease.shared();
            let begun = async {
                client.batch_execute("BEGIN").await?;
                client.query(&locks.groups, &[&groups]).await?;
                client.query(&locks.rows, &[&keys]).await
            };
            begun.await.map_err(|error| unavailable(&error))?;
            Ok(Self {
                lease,
                pool,
                expected,
            })
        };
        pool.within(take).await
    }
}

#[async_trait]
impl Reader for Turn<'_> {
    async fn fetch(&self, reads: &[Read]) -> Result<Vec<Found>, StoreError> {
        let call = async {
            let Connection { client, fetch, .. } = self.lease.shared();
            let fetched = fetch::fetch(client, fetch, reads, true).await;
            let (found, id) = fetched.map_err(|error| unavailable(&error))?;
            self.expected.check(id.as_deref())?;
            Ok(found)
        };
        self.pool.within(call).await
    }
}

impl remote::Turn for Turn<'_> {
    async fn commit(self, change: &Change) -> Result<Outcome, StoreError> {
        let parameters = Parameters::of(self.expected.record(), change);
        let Self { lease, pool, .. } = self;
        let call = async {
            let Connection { client, commit, .. } = lease.shared();
            let made = async {
                let made = parameters.commit(client, commit).await?;
                let end = if made { "COMMIT" } else { "ROLLBACK" };
                client.batch_execute(end).await?;
                Ok::<_, Error>(made)
            };
            let outcome = match made.await {
                Ok(true) => Outcome::Committed,
                Ok(false) => Outcome::Conflict,
                Err(error) if is_conflict(&error) => {
                    let ended = client.batch_execute("ROLLBACK").await;
                    ended.map_err(|error| unavailable(&error))?;
                    Outcome::Conflict
                }
                Err(error) => return Err(unavailable(&error)),
            };
            lease.give_back();
            Ok(outcome)
        };
        pool.within(call).await
    }
}
