//! Writes pending audit records and the counts of the current hour.

use core::time::Duration;
use std::sync::Arc;

use tracing::Instrument as _;

use super::ticks::{every, span};
use crate::services::Services;

/// How long records are collected before they are written together.
const COLLECTION_TIME: Duration = Duration::from_millis(200);
/// How often the counts of the hour are stored.
const STATISTICS_PERIOD: Duration = Duration::from_mins(1);

pub(super) async fn run(state: Arc<Services>) {
    let mut ticks = every(STATISTICS_PERIOD);
    loop {
        tokio::select! {
            () = state.audit.added() => tokio::time::sleep(COLLECTION_TIME).await,
            _ = ticks.tick() => {
                state.audit.end_minute(state.clock.now());
                store_counts(&state).instrument(span("statistics")).await;
            }
        }
        write(&state).instrument(span("write_audit")).await;
    }
}

/// At shutdown, writes everything that is pending.
pub(crate) async fn finish(state: &Services) {
    store_counts(state).await;
    if let Err(error) = state.audit.close(&*state.store).await {
        tracing::error!(%error, "cannot write audit records");
    }
}

async fn write(state: &Services) {
    if let Err(error) = state.audit.flush(&*state.store).await {
        tracing::error!(%error, "cannot write audit records");
    }
}

async fn store_counts(state: &Services) {
    let totals = state.metrics.totals();
    let now = state.clock.now();
    let stored = state.statistics.flush(&*state.store, totals, now).await;
    if let Err(error) = stored {
        tracing::warn!(%error, "cannot store the counts of this hour");
    }
}
