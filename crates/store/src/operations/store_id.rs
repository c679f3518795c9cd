//! The id of the store.

use latchkey_core::{StoreId, Timestamp};

use crate::error::StoreError;
use crate::table::{IMPORTING, STORE_ID, SWEPT_UNTIL};
use crate::transaction::Tx;

/// The id of this store, if it has one. Fails if an import is incomplete.
pub(super) async fn get(tx: &mut Tx<'_>) -> Result<Option<StoreId>, StoreError> {
    tx.prefetch(vec![IMPORTING.at(&()), STORE_ID.at(&())])
        .await?;
    if tx.get(IMPORTING, &()).await?.is_some() {
        return Err(StoreError::ImportIncomplete);
    }
    tx.get(STORE_ID, &()).await
}

/// The id of this store. A store without an id gets `fresh`; if it was never swept, `now` becomes the
/// time of its last sweep, from which the sweep clock continues.
pub(super) async fn identify(
    tx: &mut Tx<'_>,
    fresh: StoreId,
    now: Timestamp,
) -> Result<StoreId, StoreError> {
    tx.prefetch(vec![
        IMPORTING.at(&()),
        STORE_ID.at(&()),
        SWEPT_UNTIL.at(&()),
    ])
    .await?;
    if let Some(known) = get(tx).await? {
        return Ok(known);
    }
    if tx.get(SWEPT_UNTIL, &()).await?.is_none() {
        tx.put(SWEPT_UNTIL, &(), &now)?;
    }
    tx.put(STORE_ID, &(), &fresh)?;
    Ok(fresh)
}
