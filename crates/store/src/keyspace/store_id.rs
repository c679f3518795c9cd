//! Which store this is.

use latchkey_core::{StoreId, Timestamp};

use super::transaction::record;
use super::{Transaction, View, key};
use crate::error::StoreError;

/// The id of this store, if it has one.
pub(super) fn get(view: &dyn View) -> Result<Option<StoreId>, StoreError> {
    record(view, key::STORE_ID)
}

/// The id of this store; `fresh` if it had none, which means that nothing has ended before now. A
/// store that a backup was only half put into serves nobody.
pub(super) fn identify(
    tx: &mut Transaction<'_>,
    fresh: StoreId,
    now: Timestamp,
) -> Result<StoreId, StoreError> {
    let needed = [key::IMPORTING, key::STORE_ID, key::SWEPT];
    tx.expect(needed.map(<[u8]>::to_vec).to_vec());
    if tx.get(key::IMPORTING)?.is_some() {
        return Err(StoreError::HalfImported);
    }
    if let Some(known) = record(tx, key::STORE_ID)? {
        return Ok(known);
    }
    if tx.get(key::SWEPT)?.is_none() {
        tx.put(key::SWEPT.to_vec(), &now)?;
    }
    tx.put(key::STORE_ID.to_vec(), &fresh)?;
    Ok(fresh)
}
