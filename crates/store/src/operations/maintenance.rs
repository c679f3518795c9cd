//! The store as a whole: its id, health, sweeps, and the change feed.

use async_trait::async_trait;
use latchkey_core::{StoreId, Timestamp};

use super::{session_list, store_id, sweep, user_index};
use crate::engine::Engine;
use crate::error::StoreError;
use crate::feed::ChangeFeed;
use crate::store::{Maintenance, Replication};
use crate::table::{EMAILS_INDEXED, SESSIONS_INDEXED, USERS_INDEXED};
use crate::transaction::Tx;

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
        let built = self.read((), |tx, ()| Box::pin(built_indexes(tx)));
        let (users, sessions) = built.await?;
        if !users {
            user_index::build(self).await?;
        }
        if !sessions {
            session_list::build_index(self).await?;
        }
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

/// Whether the indexes of users are built, and whether the index of sessions is built.
async fn built_indexes(tx: &mut Tx<'_>) -> Result<(bool, bool), StoreError> {
    tx.prefetch(vec![
        EMAILS_INDEXED.at(&()),
        USERS_INDEXED.at(&()),
        SESSIONS_INDEXED.at(&()),
    ])
    .await?;
    let emails = tx.get(EMAILS_INDEXED, &()).await?.is_some();
    let users = tx.get(USERS_INDEXED, &()).await?.is_some();
    let sessions = tx.get(SESSIONS_INDEXED, &()).await?.is_some();
    Ok((emails && users, sessions))
}
