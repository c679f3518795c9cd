//! The records in Redis.

use std::sync::Arc;

use async_trait::async_trait;
use latchkey_core::StoreId;
use latchkey_store::records::{Change, Found, Read, Reader};
use latchkey_store::remote::{ExpectedStoreId, NoLocks, Outcome, Pool, Remote};
use latchkey_store::{ChangeFeed, StoreError};
use redis::{FromRedisValue as _, Value};

use crate::connection::Connector;
use crate::error::unavailable;
use crate::feed::Follower;
use crate::scripts::Scripts;

/// The records, accessed through a connection pool.
pub struct Records {
    pool: Arc<Pool<Connector>>,
    scripts: Scripts,
    expected: Arc<ExpectedStoreId>,
}

impl Records {
    pub(crate) fn new(pool: Pool<Connector>, expected: Arc<ExpectedStoreId>) -> Self {
        Self {
            pool: Arc::new(pool),
            scripts: Scripts::new(),
            expected,
        }
    }

    /// Converts the error of a script.
    fn script_error(&self, error: &redis::RedisError) -> StoreError {
        let is_wrong_store = error.code() == Some("WRONGSTORE");
        let found = is_wrong_store.then(|| error.detail().unwrap_or_default());
        let checked = found.map(|id| self.expected.check(Some(id.as_bytes())));
        match checked {
            Some(Err(wrong_store)) => wrong_store,
            _ => unavailable(error),
        }
    }

    /// Opens the first connection, which checks the server.
    pub(crate) async fn check_server(&self) -> Result<(), StoreError> {
        self.fetch(&[]).await.map(drop)
    }
}

#[async_trait]
impl Reader for Records {
    async fn fetch(&self, reads: &[Read]) -> Result<Vec<Found>, StoreError> {
        let call = async {
            let mut lease = self.pool.lease().await?;
            let script = self.scripts.fetch(&self.expected.record(), reads);
            let values: Vec<Value> = script
                .invoke_async(lease.get_mut())
                .await
                .map_err(|error| self.script_error(&error))?;
            lease.release();
            Ok(values)
        };
        let values = self.pool.with_timeout(call).await?;
        let found: Result<_, _> = reads.iter().zip(values).map(found).collect();
        found.map_err(|error| unavailable(&error))
    }
}

impl Remote for Records {
    type LockedTransaction<'a> = NoLocks;

    async fn commit(&self, change: &Change) -> Result<Outcome, StoreError> {
        let call = async {
            let mut lease = self.pool.lease().await?;
            let script = self.scripts.commit(&self.expected.record(), change);
            let is_committed: bool = script
                .invoke_async(lease.get_mut())
                .await
                .map_err(|error| self.script_error(&error))?;
            lease.release();
            Ok(is_committed)
        };
        Ok(if self.pool.with_timeout(call).await? {
            Outcome::Committed
        } else {
            Outcome::Conflict
        })
    }

    async fn lock(&self, _: &Change) -> Result<Option<NoLocks>, StoreError> {
        Ok(None)
    }

    fn expect_id(&self, id: StoreId) {
        self.expected.set(id);
    }

    async fn follow(&self) -> Result<Box<dyn ChangeFeed>, StoreError> {
        let follower = Follower::open(Arc::clone(&self.pool));
        Ok(Box::new(self.pool.with_timeout(follower).await?))
    }
}

fn found((read, value): (&Read, Value)) -> Result<Found, redis::ParsingError> {
    Ok(match read {
        Read::Value(_) => Found::Value(Option::<Vec<u8>>::from_redis_value(value)?),
        Read::Page(_) => {
            let parts = Vec::<Vec<u8>>::from_redis_value(value)?;
            let mut parts = parts.into_iter();
            let mut pairs = Vec::new();
            while let (Some(key), Some(value)) = (parts.next(), parts.next()) {
                pairs.push((key, value));
            }
            Found::Page(pairs)
        }
    })
}
