//! Why a store could not do what it was asked.

/// A store failed. The change that was asked for may or may not have been made: the caller must not
/// acknowledge it, and may try again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The store cannot be reached. It may come back by itself.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// The store takes no more writes until the process is restarted.
    #[error("the store has stopped: {0}")]
    Stopped(String),
    /// A record is there but cannot be read.
    #[error("record {key} of the store cannot be read: {reason}")]
    Corrupt {
        /// The record's key, readable.
        key: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A backup was imported only in part.
    #[error("an import into the store is incomplete; empty the store and import the backup again")]
    ImportIncomplete,
    /// Not the store that this process knows: an empty one, or another one's.
    #[error(
        "the store at this address is {found}, this server's is {expected}: what was revoked is \
         not known there; bring back the right one"
    )]
    WrongStore {
        /// The id of the store that was there before.
        expected: String,
        /// The id of the one there now, or what it is like.
        found: String,
    },
}

impl StoreError {
    /// Whether a later call may succeed without a restart.
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::WrongStore { .. })
    }
}
