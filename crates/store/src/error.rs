//! Why a store could not do what it was asked.

/// A store failed. Whatever was asked did not happen, or is not known to have happened: the caller
/// must not acknowledge it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The store cannot be reached, or stopped taking writes.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// A record is there but cannot be read.
    #[error("record {key} of the store cannot be read: {reason}")]
    Corrupt {
        /// The record's key, readable.
        key: String,
        /// What is wrong with it.
        reason: String,
    },
}
