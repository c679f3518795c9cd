//! The records in a table.

use std::sync::Arc;

use async_trait::async_trait;
use latchkey_core::StoreId;
use latchkey_store::records::{Change, Found, Read, Reader};
use latchkey_store::remote::{ExpectedStoreId, Outcome, Pool, Remote};
use latchkey_store::{ChangeFeed, StoreError};

use crate::commit::Parameters;
use crate::connection::{Connection, Connector};
use crate::error::{is_another, is_conflict, unavailable};
use crate::feed::Follower;
use crate::fetch;
use crate::turn::Turn;

/// The records, behind a few connections.
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

    /// Connects for the first time.
    pub(crate) async fn check_server(&self) -> Result<(), StoreError> {
        self.fetch(&[Read::Value(Vec::new())]).await.map(drop)
    }
}

#[async_trait]
impl Reader for Records {
    async fn fetch(&self, reads: &[Read]) -> Result<Vec<Found>, StoreError> {
        let call = async {
            let mut lease = self.pool.lease().await?;
            let Connection { client, fetch, .. } = lease.connection();
            let fetched = fetch::fetch(client, fetch, reads, false).await;
            let (found, id) = fetched.map_err(|error| unavailable(&error))?;
            lease.give_back();
            self.expected.check(id.as_deref())?;
            Ok(found)
        };
        self.pool.within(call).await
    }
}

impl Remote for Records {
    type Turn<'a> = Turn<'a>;

    async fn commit(&self, change: &Change) -> Result<Outcome, StoreError> {
        let parameters = Parameters::of(self.expected.record(), change);
        let call = async {
            let mut lease = self.pool.lease().await?;
            let Connection { client, commit, .. } = lease.connection();
            let made = parameters.commit(client, commit).await;
            let outcome = match made {
                Ok(true) => Outcome::Committed,
                Ok(false) => Outcome::Conflict,
                Err(error) if is_conflict(&error) => Outcome::Conflict,
                Err(error) if is_another(&error) => return Ok(None),
                Err(error) => return Err(unavailable(&error)),
            };
            lease.give_back();
            Ok(Some(outcome))
        };
        if let Some(outcome) = self.pool.within(call).await? {
            return Ok(outcome);
        }
        // Which one it is.
        self.fetch(&[]).await?;
        let reason = "PostgreSQL had another store for a moment";
        Err(StoreError::Unavailable(reason.to_owned()))
    }

    async fn turn(&self, refused: &Change) -> Result<Option<Turn<'_>>, StoreError> {
        Turn::take(&self.pool, &self.expected, refused)
            .await
            .map(Some)
    }

    fn expect_id(&self, id: StoreId) {
        self.expected.set(id);
    }

    async fn follow(&self) -> Result<Box<dyn ChangeFeed>, StoreError> {
        let follower = Follower::open(Arc::clone(&self.pool));
        Ok(Box::new(self.pool.within(follower).await?))
    }
}
