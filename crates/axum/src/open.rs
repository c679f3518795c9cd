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
pub struct OpenError(anyhow::Error);

impl From<anyhow::Error> for OpenError {
    fn from(error: anyhow::Error) -> Self {
        Self(error)
    }
}

impl OpenError {
    /// The store's error, if that is the cause.
    pub fn store_error(&self) -> Option<&StoreError> {
        self.0.chain().find_map(|cause| cause.downcast_ref())
    }
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#}", self.0)
    }
}

impl fmt::Debug for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#}", self.0)
    }
}

impl std::error::Error for OpenError {}
