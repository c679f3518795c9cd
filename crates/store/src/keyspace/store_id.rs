//! Which store this is.

use latchkey_core::StoreId;

use super::transaction::record;
use super::{Transaction, View as _, key};
use crate::error::StoreError;

/// The id of this store; `fresh` if it had none. A store that a backup was only half put into
/// serves nobody.
pub(super) fn identify(tx: &mut Transaction<'_>, fresh: StoreId) -> Result<StoreId, StoreError> {
    tx.expect(vec![key::IMPORTING.to_vec(), key::STORE_ID.to_vec()]);
    if tx.get(key::IMPORTING)?.is_some() {
        return Err(StoreError::HalfImported);
    }
    if let Some(known) = record(tx, key::STORE_ID)? {
        return Ok(known);
    }
    tx.put(key::STORE_ID.to_vec(), &fresh)?;
    Ok(fresh)
}
