//! The error of all store operations.
//!
//! ```
//! use latchkey_store::StoreError;
//!
//! let error = StoreError::Unavailable("connection refused".to_owned());
//! assert!(error.is_transient());
//! assert_eq!(error.to_string(), "the store is unavailable: connection refused");
//! ```

/// A store operation failed. The change may or may not have been made: the caller must not
/// acknowledge it, and may retry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The store cannot be reached. It may recover without a restart.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// The store accepts no more writes until the process is restarted.
    #[error("the store has stopped: {0}")]
    Stopped(String),
    /// A record exists but cannot be decoded.
    #[error("the store's record {key} is corrupt: {reason}")]
    Corrupt {
        /// The record's key, printable.
        key: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A backup was only partly imported.
    #[error("an import into the store is incomplete; empty the store and import the backup again")]
    ImportIncomplete,
    /// The store is not the one that this process started with: it is empty, or another store is at
    /// its address.
    #[error(
        "wrong store: expected {expected}, found {found}; it does not know which tokens were \
         revoked; restore the original store or correct the address"
    )]
    WrongStore {
        /// The id of the original store.
        expected: String,
        /// The id of the store that was found, or `an empty store`.
        found: String,
    },
}

impl StoreError {
    /// Whether a retry may succeed without a restart.
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::WrongStore { .. })
    }
}
