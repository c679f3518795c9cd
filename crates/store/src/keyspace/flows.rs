//! Sign-ins under way.

use latchkey_core::{FlowId, LoginFlow, Timestamp};

use super::transaction::record;
use super::{Transaction, key};
use crate::error::StoreError;

pub(super) fn put(tx: &mut Transaction<'_>, flow: &LoginFlow) -> Result<(), StoreError> {
    let key = key::flow(flow.id);
    tx.mark(key::expiry(flow.expires_at, &key));
    tx.put(key, flow)
}

pub(super) fn take(
    tx: &mut Transaction<'_>,
    ids: &[FlowId],
    state: &str,
    now: Timestamp,
) -> Result<Option<LoginFlow>, StoreError> {
    for id in ids {
        let key = key::flow(*id);
        let Some(flow) = record::<LoginFlow>(tx, &key)? else {
            continue;
        };
        if flow.state != state {
            continue;
        }
        tx.remove(key::expiry(flow.expires_at, &key));
        tx.remove(key);
        return Ok(Some(flow).filter(|flow| now < flow.expires_at));
    }
    Ok(None)
}
