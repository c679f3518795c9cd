//! A transaction that first locks the records that an operation depends on, then reads them, and
//! holds the locks until it ends.

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
    /// Begins a transaction and acquires the locks. If other transactions are changing the same
    /// records, waits until they have ended. The order of the locks is that of `latchkey.commit`:
    /// groups, rows that are written, rows that are only read.
    pub(crate) async fn begin(
        pool: &'a Pool<Connector>,
        expected: &'a ExpectedStoreId,
        refused: &Change,
    ) -> Result<Self, StoreError> {
        let groups = lock_ids(refused);
        let (contended, only_read) = (refused.contended(), refused.only_read());
        let begin = async {
            loop {
                let lease = pool.lease().await?;
                let Connection { client, locks, .. } = lease.get();
                let begun = async {
                    client.batch_execute("BEGIN").await?;
                    client.query(&locks.groups, &[&groups]).await?;
                    client.query(&locks.rows, &[&contended]).await?;
                    client.query(&locks.shared_rows, &[&only_read]).await
                };
                match begun.await {
                    Ok(_) => {
                        return Ok(Self {
                            lease,
                            pool,
                            expected,
                        });
                    }
                    // PostgreSQL aborted this transaction to resolve a deadlock with another one.
                    // Nothing has been read yet, so begin again. Dropping the lease closes this
                    // connection.
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

#[cfg(test)]
mod tests {
    use latchkey_store::records::{Change, Found, Read};
    use latchkey_store::remote::{LockedTransaction as _, Outcome, Remote as _};
    use latchkey_testing::Postgres;
    use tokio_postgres::error::SqlState;
    use tokio_postgres::{Client, Error, NoTls};

    use crate::Address;

    const WRITTEN: &[u8] = b"written";
    const ONLY_READ: &[u8] = b"only read";

    #[tokio::test]
    async fn records_of_the_conditions_cannot_change_until_the_commit() {
        let postgres = Postgres::start().expect("a private PostgreSQL");
        let url = postgres.database().expect("a database");
        let (other, connection) = tokio_postgres::connect(&url, NoTls)
            .await
            .expect("connected");
        tokio::spawn(connection);
        let impatient = other.batch_execute("SET lock_timeout = '50ms'");
        impatient.await.expect("set");
        let url = url.parse().expect("a URL");
        let address = Address::new(&url, None, None).expect("an address");
        let records = crate::connect(&address).await.expect("a store");
        let value = |text: &str| Some(text.as_bytes().to_vec());
        let mut before = Change::default();
        for key in [WRITTEN, ONLY_READ] {
            before.writes.insert(key.to_vec(), value("before"));
        }
        assert_eq!(records.commit(&before).await, Ok(Outcome::Committed));

        let mut change = Change::default();
        for key in [WRITTEN, ONLY_READ] {
            let (read, found) = (Read::Value(key.to_vec()), Found::Value(value("before")));
            change.conditions.insert(read, found);
        }
        change.writes.insert(WRITTEN.to_vec(), value("after"));
        let locked = records.lock(&change).await.expect("locked");
        let locked = locked.expect("PostgreSQL has locks");
        for key in [WRITTEN, ONLY_READ] {
            let error = update(&other, key).await.expect_err("the row is locked");
            assert_eq!(error.code(), Some(&SqlState::LOCK_NOT_AVAILABLE));
        }
        assert_eq!(locked.commit(&change).await, Ok(Outcome::Committed));
        update(&other, ONLY_READ)
            .await
            .expect("not locked any more");
    }

    async fn update(client: &Client, key: &[u8]) -> Result<(), Error> {
        let update = "UPDATE latchkey.records SET value = 'other' WHERE key = $1";
        client.execute(update, &[&key]).await.map(drop)
    }
}
