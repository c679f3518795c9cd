//! Changes made by the servers that share the store.
//!
//! ```
//! use latchkey_store::{MemoryStore, Replication as _, StoreError};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), StoreError> {
//! // Only stores that several servers can share have a feed.
//! let store = MemoryStore::empty();
//! assert!(store.follow().await?.is_none());
//! # Ok(())
//! # }
//! ```

use core::time::Duration;

use async_trait::async_trait;
use latchkey_core::{Denial, UserId};

use crate::error::StoreError;

/// Changes in a shared store, delivered at least once. If changes may have been lost, the batch
/// says so. After an error, call [`next`](Self::next) again: it reconnects.
#[async_trait]
pub trait ChangeFeed: Send {
    /// The next batch; waits up to `max_wait` for a change. An empty batch means that there was
    /// none. Everything committed before the call is in this batch or in an earlier one.
    async fn next(&mut self, max_wait: Duration) -> Result<Changes, StoreError>;
}

/// A batch of changes by any server, this one included.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Denials that are new or have a later expiry.
    pub denials: Vec<Denial>,
    /// Users with new security events.
    pub users: Vec<UserId>,
    /// Whether denials may be missing. If so, read all live denials again.
    pub denials_missed: bool,
    /// Whether users may be missing. If so, treat every user as changed.
    pub users_missed: bool,
}
