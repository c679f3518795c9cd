//! Which store must answer.

use std::sync::OnceLock;

use latchkey_core::StoreId;

use crate::error::StoreError;

/// The id of the store that this process began with. A database that was lost and created again, or
/// is another one, does not know what was revoked: it must not be taken for the old one.
#[derive(Debug, Default)]
pub struct ExpectedStoreId(OnceLock<StoreId>);

impl ExpectedStoreId {
    /// From now on, this one.
    pub fn set(&self, id: StoreId) {
        // The first one stays.
        let _ = self.0.set(id);
    }

    /// The record that the right one has of its id; empty before it is known.
    pub fn record(&self) -> Vec<u8> {
        let id = self.0.get();
        id.and_then(|id| serde_json::to_vec(id).ok())
            .unwrap_or_default()
    }

    /// Whether the record of the id found there, if any, is the right one's.
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
            found: found.map_or_else(|| "empty".to_owned(), |id| id.to_string()),
        })
    }
}
