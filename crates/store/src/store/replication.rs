//! Changes made by the servers that share a store.

use async_trait::async_trait;

use crate::error::StoreError;
use crate::feed::ChangeFeed;

/// Changes made by the servers that share the store.
#[async_trait]
pub trait Replication: Send + Sync {
    /// Subscribes to changes by all servers. `None` if the store cannot be shared.
    async fn follow(&self) -> Result<Option<Box<dyn ChangeFeed>>, StoreError>;
}
