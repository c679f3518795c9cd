//! What other machines over the same store did.

use core::time::Duration;

use async_trait::async_trait;
use latchkey_core::{Denial, UserId};

use crate::error::StoreError;

/// Changes of a shared store. Whatever was committed after the feed was opened comes, at least once,
/// or the answer says that something may be missing. After an error the next call takes up where the last one stopped.
#[async_trait]
pub trait ChangeFeed: Send {
    /// What is new; waits up to `patience` for something. An answer with nothing in it says that
    /// nothing is. What was committed before this was called is in this answer or was in an
    /// earlier one.
    async fn next(&mut self, patience: Duration) -> Result<Changes, StoreError>;
}

/// Something that other machines did, or this one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Denials, new or with a later end.
    pub denials: Vec<Denial>,
    /// Accounts that something happened to.
    pub accounts: Vec<UserId>,
    /// Whether denials may be missing: all live ones must be read anew.
    pub denials_missed: bool,
    /// Whether accounts may be missing: anything may have happened to any of them.
    pub accounts_missed: bool,
}
