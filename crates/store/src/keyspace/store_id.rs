//! Which store this is.

use latchkey_core::{StoreId, Timestamp};

use super::transaction::record;
use super::{Transaction, View, key};
use crate::error::StoreError;

/// The id of this store, if it has one. A store that a backup was only half put into is nobody's.
pub(super) fn get(view: &dyn View) -> Result<Option<StoreId>, StoreError> {
    view.expect([key::IMPORTING, key::STORE_ID].map(<[u8]>::to_vec).to_vec());
    if view.get(key::IMPORTING)?.is_some() {
        return Err(StoreError::ImportIncomplete);
    }
    record(view, key::STORE_ID)
}

/// The id of this store; `fresh` if it had none, which means that nothing has ended before now.
pub(super) fn identify(
    tx: &mut Transaction<'_>,
    fresh: StoreId,
    now: Timestamp,
) -> Result<StoreId, StoreError> {
    tx.expect(vec![key::SWEPT.to_vec()]);
    if let Some(known) = get(tx)? {
        return Ok(known);
    }
    if tx.get(key::SWEPT)?.is_none() {
        tx.put(key::SWEPT.to_vec(), &now)?;
    }
    tx.put(key::STORE_ID.to_vec(), &fresh)?;
    Ok(fresh)
}
