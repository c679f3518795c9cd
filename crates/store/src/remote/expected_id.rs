//! The id of the store that this process expects.

use std::sync::OnceLock;

use latchkey_core::StoreId;

use crate::error::StoreError;

/// The id of the store that this process started with. A database that was lost and created again
/// does not know which tokens were revoked, so it must not replace the original one unnoticed.
#[derive(Debug, Default)]
pub struct ExpectedStoreId(OnceLock<StoreId>);

impl ExpectedStoreId {
    /// Sets the expected id. Later calls have no effect.
    pub fn set(&self, id: StoreId) {
        let _ = self.0.set(id);
    }

    /// The id as the store's record encodes it; empty until it is set.
    pub fn record(&self) -> Vec<u8> {
        let id = self.0.get();
        id.and_then(|id| serde_json::to_vec(id).ok())
            .unwrap_or_default()
    }

    /// Checks the value of the store-id record, or its absence, against the expected id.
    pub fn check(&self, found: Option<&[u8]>) -> Result<(), StoreError> {
        let Some(expected) = self.0.get() else {
            return Ok(());
        };
        let found: Option<StoreId> = found.and_then(|bytes| serde_json::from_slice(bytes).ok());
        if found == Some(*expected) {
            return Ok(());
        }
        Err(StoreError::WrongStore {
            expected: expected.to_string(),
            found: found.map_or_else(|| "an empty store".to_owned(), |id| id.to_string()),
        })
    }
}
