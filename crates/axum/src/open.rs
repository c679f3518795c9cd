//! Opens what services depend on: the data directory, the master key and the store.

pub mod data_dir;
pub mod files;
mod master_key;
mod store;

use std::fmt;

use latchkey_store::StoreError;

pub use master_key::MasterKey;
pub use store::Store;

/// Why Latchkey could not be opened. The message says what is wrong and what to do.
pub struct OpenError {
    error: anyhow::Error,
    is_of_store: bool,
}

impl From<anyhow::Error> for OpenError {
    fn from(error: anyhow::Error) -> Self {
        // An `OpenError` that was returned through `anyhow` keeps its cause.
        error.downcast().unwrap_or_else(|error| Self {
            error,
            is_of_store: false,
        })
    }
}

impl OpenError {
    fn of_store(error: anyhow::Error) -> Self {
        Self {
            is_of_store: true,
            ..error.into()
        }
    }

    /// The error that the store returned, if there is one. A store that cannot be opened at all,
    /// for example because another process uses it, does not return one; see
    /// [`is_store_failure`](Self::is_store_failure).
    pub fn store_error(&self) -> Option<&StoreError> {
        self.error.chain().find_map(|cause| cause.downcast_ref())
    }

    /// Whether the cause is the store: it failed, cannot be opened, or is not the expected one.
    pub fn is_store_failure(&self) -> bool {
        self.is_of_store || self.store_error().is_some()
    }
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#}", self.error)
    }
}

impl fmt::Debug for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#}", self.error)
    }
}

impl std::error::Error for OpenError {}
