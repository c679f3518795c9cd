//! Changes by other machines over the same store.

use core::time::Duration;

use async_trait::async_trait;
use latchkey_core::{Denial, UserId};

use crate::error::StoreError;

/// Changes in a shared store, delivered at least once. If changes may have been lost, the batch says
/// so. After an error the next call takes up where the last one stopped.
#[async_trait]
pub trait ChangeFeed: Send {
    /// The next batch; waits up to `patience` for a change. An empty batch means that there is none.
    /// What was committed before this was called is in this batch or was in an earlier one.
    async fn next(&mut self, patience: Duration) -> Result<Changes, StoreError>;
}

/// A batch of changes by any machine, this one included.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Denials, new or with a later end.
    pub denials: Vec<Denial>,
    /// Accounts that something happened to.
    pub accounts: Vec<UserId>,
    /// Whether denials may be missing: all live ones must be read again.
    pub denials_missed: bool,
    /// Whether accounts may be missing: anything may have happened to any of them.
    pub accounts_missed: bool,
}
