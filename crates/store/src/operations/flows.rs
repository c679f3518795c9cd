//! Finished login flows, so that none is finished twice. Flows in progress are stored in cookies.

use core::time::Duration;

use async_trait::async_trait;
use latchkey_core::{FlowId, Timestamp};

use super::expiry;
use crate::engine::Engine;
use crate::error::StoreError;
use crate::store::Flows;
use crate::table::FINISHED_FLOWS;
use crate::transaction::Tx;

/// How long a finished flow is remembered after it has expired, because the servers' clocks may
/// differ.
const RETENTION: Duration = Duration::from_mins(10);

#[async_trait]
impl<E: Engine> Flows for E {
    async fn finish_login_flow(&self, id: FlowId, until: Timestamp) -> Result<bool, StoreError> {
        self.write((id, until), |tx, (id, until)| {
            Box::pin(finish(tx, *id, *until))
        })
        .await
    }

    async fn is_login_flow_finished(&self, id: FlowId) -> Result<bool, StoreError> {
        self.read(id, |tx, id| Box::pin(is_finished(tx, *id))).await
    }
}

async fn finish(tx: &mut Tx<'_>, id: FlowId, until: Timestamp) -> Result<bool, StoreError> {
    if is_finished(tx, id).await? {
        return Ok(false);
    }
    let end = until.plus(RETENTION);
    expiry::schedule(tx, FINISHED_FLOWS, &id, end);
    tx.put(FINISHED_FLOWS, &id, &end)?;
    Ok(true)
}

async fn is_finished(tx: &mut Tx<'_>, id: FlowId) -> Result<bool, StoreError> {
    Ok(tx.get(FINISHED_FLOWS, &id).await?.is_some())
}
