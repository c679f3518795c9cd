//! The store as a whole: its id, health, sweeps, and the change feed.

use async_trait::async_trait;
use latchkey_core::{StoreId, Timestamp};

use super::{store_id, sweep, users};
use crate::engine::Engine;
use crate::error::StoreError;
use crate::feed::ChangeFeed;
use crate::store::{Maintenance, Replication};

#[async_trait]
impl<E: Engine> Maintenance for E {
    async fn id(&self) -> Result<Option<StoreId>, StoreError> {
        self.read((), |tx, ()| Box::pin(store_id::get(tx))).await
    }

    async fn identify(&self, fresh: StoreId, now: Timestamp) -> Result<StoreId, StoreError> {
        let identified = self.write((fresh, now), |tx, (fresh, now)| {
            Box::pin(store_id::identify(tx, *fresh, *now))
        });
        let id = identified.await?;
        self.expect_id(id);
        users::index_emails(self).await?;
        Ok(id)
    }

    async fn sweep(&self, now: Timestamp, limit: usize) -> Result<usize, StoreError> {
        let due = self.read((now, limit), |tx, due| Box::pin(sweep::due(tx, *due)));
        let due = due.await?;
        if due.is_empty() {
            return Ok(0);
        }
        self.write((due, now), |tx, (due, now)| {
            Box::pin(sweep::free(tx, due, *now))
        })
        .await
    }

    async fn swept_until(&self) -> Result<Timestamp, StoreError> {
        self.read((), |tx, ()| Box::pin(sweep::until(tx))).await
    }

    async fn health(&self) -> Result<(), StoreError> {
        Engine::health(self).await
    }
}

#[async_trait]
impl<E: Engine> Replication for E {
    async fn follow(&self) -> Result<Option<Box<dyn ChangeFeed>>, StoreError> {
        Engine::follow(self).await
    }
}
