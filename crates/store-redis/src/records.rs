//! The keyspace in Redis.

use std::sync::Arc;

use async_trait::async_trait;
use latchkey_core::StoreId;
use latchkey_store::records::{Change, Found, Read, Reader};
use latchkey_store::remote::{ExpectedStoreId, NoTurn, Outcome, Pool, Remote};
use latchkey_store::{ChangeFeed, StoreError};
use redis::{FromRedisValue as _, Value};

use crate::connection::Connector;
use crate::error::unavailable;
use crate::feed::Follower;
use crate::scripts::Scripts;

/// The records, behind a few connections.
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

    /// What a script says instead of an answer.
    fn refused(&self, error: &redis::RedisError) -> StoreError {
        let another = error.code() == Some("ANOTHER");
        let found = another.then(|| error.detail().unwrap_or_default());
        let refused = found.map(|id| self.expected.check(Some(id.as_bytes())));
        match refused {
            Some(Err(another)) => another,
            _ => unavailable(error),
        }
    }

    /// Connects for the first time.
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
                .invoke_async(lease.connection())
                .await
                .map_err(|error| self.refused(&error))?;
            lease.give_back();
            Ok(values)
        };
        let values = self.pool.within(call).await?;
        let found: Result<_, _> = reads.iter().zip(values).map(found).collect();
        found.map_err(|error| unavailable(&error))
    }
}

impl Remote for Records {
    type Turn<'a> = NoTurn;

    async fn commit(&self, change: &Change) -> Result<Outcome, StoreError> {
        let call = async {
            let mut lease = self.pool.lease().await?;
            let script = self.scripts.commit(&self.expected.record(), change);
            let made: bool = script
                .invoke_async(lease.connection())
                .await
                .map_err(|error| self.refused(&error))?;
            lease.give_back();
            Ok(made)
        };
        Ok(if self.pool.within(call).await? {
            Outcome::Committed
        } else {
            Outcome::Conflict
        })
    }

    async fn turn(&self, _: &Change) -> Result<Option<NoTurn>, StoreError> {
        Ok(None)
    }

    fn expect_id(&self, id: StoreId) {
        self.expected.set(id);
    }

    async fn follow(&self) -> Result<Box<dyn ChangeFeed>, StoreError> {
        let follower = Follower::open(Arc::clone(&self.pool));
        Ok(Box::new(self.pool.within(follower).await?))
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
