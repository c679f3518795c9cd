//! The records in PostgreSQL.

use std::sync::Arc;

use async_trait::async_trait;
use latchkey_core::StoreId;
use latchkey_store::records::{Change, Found, Read, Reader};
use latchkey_store::remote::{ExpectedStoreId, Outcome, Pool, Remote};
use latchkey_store::{ChangeFeed, StoreError};

use crate::commit::Parameters;
use crate::connection::{Connection, Connector};
use crate::error::{is_conflict, is_wrong_store, unavailable};
use crate::feed::Follower;
use crate::fetch;
use crate::locked::LockedTransaction;

/// The records, accessed through a connection pool.
pub struct Records {
    pool: Arc<Pool<Connector>>,
    expected: Arc<ExpectedStoreId>,
}

impl Records {
    pub(crate) fn new(pool: Pool<Connector>, expected: Arc<ExpectedStoreId>) -> Self {
        Self {
            pool: Arc::new(pool),
            expected,
        }
    }

    /// Opens the first connection, which checks the server.
    pub(crate) async fn check_server(&self) -> Result<(), StoreError> {
        self.fetch(&[Read::Value(Vec::new())]).await.map(drop)
    }
}

#[async_trait]
impl Reader for Records {
    async fn fetch(&self, reads: &[Read]) -> Result<Vec<Found>, StoreError> {
        let call = async {
            let mut lease = self.pool.lease().await?;
            let Connection { client, fetch, .. } = lease.get_mut();
            let fetched = fetch::fetch(client, fetch, reads, false).await;
            let (found, id) = fetched.map_err(|error| unavailable(&error))?;
            lease.release();
            self.expected.check(id.as_deref())?;
            Ok(found)
        };
        self.pool.with_timeout(call).await
    }
}

impl Remote for Records {
    type LockedTransaction<'a> = LockedTransaction<'a>;

    async fn commit(&self, change: &Change) -> Result<Outcome, StoreError> {
        let parameters = Parameters::of(self.expected.record(), change);
        let call = async {
            let mut lease = self.pool.lease().await?;
            let Connection { client, commit, .. } = lease.get_mut();
            let committed = parameters.commit(client, commit).await;
            let outcome = match committed {
                Ok(true) => Outcome::Committed,
                Ok(false) => Outcome::Conflict,
                Err(error) if is_conflict(&error) => Outcome::Conflict,
                Err(error) if is_wrong_store(&error) => return Ok(None),
                Err(error) => return Err(unavailable(&error)),
            };
            lease.release();
            Ok(Some(outcome))
        };
        if let Some(outcome) = self.pool.with_timeout(call).await? {
            return Ok(outcome);
        }
        // This fetch returns `WrongStore` with the id that was found, unless the expected store is
        // back already.
        self.fetch(&[]).await?;
        let reason = "the database briefly contained a different store; try again";
        Err(StoreError::Unavailable(reason.to_owned()))
    }

    async fn lock(&self, refused: &Change) -> Result<Option<LockedTransaction<'_>>, StoreError> {
        LockedTransaction::begin(&self.pool, &self.expected, refused)
            .await
            .map(Some)
    }

    fn expect_id(&self, id: StoreId) {
        self.expected.set(id);
    }

    async fn follow(&self) -> Result<Box<dyn ChangeFeed>, StoreError> {
        let follower = Follower::open(Arc::clone(&self.pool));
        Ok(Box::new(self.pool.with_timeout(follower).await?))
    }
}
