//! Sign-ins that were finished, so that none is finished twice. Those under way are in cookies.

use core::time::Duration;

use latchkey_core::{FlowId, Timestamp};

use super::transaction::record;
use super::{Transaction, View, key};
use crate::error::StoreError;

/// How long a note is kept after its sign-in has expired: clocks of servers may differ.
const KEPT: Duration = Duration::from_mins(10);

pub(super) fn finish(
    tx: &mut Transaction<'_>,
    id: FlowId,
    until: Timestamp,
) -> Result<bool, StoreError> {
    if is_finished(tx, id)? {
        return Ok(false);
    }
    let key = key::finished_flow(id);
    let end = until.plus(KEPT);
    tx.mark(key::expiry(end, &key));
    tx.put(key, &end)?;
    Ok(true)
}

pub(super) fn is_finished(view: &dyn View, id: FlowId) -> Result<bool, StoreError> {
    let end: Option<Timestamp> = record(view, &key::finished_flow(id))?;
    Ok(end.is_some())
}
