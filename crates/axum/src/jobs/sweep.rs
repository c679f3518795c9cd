//! Deletes expired records, in batches small enough not to delay requests.

use core::time::Duration;
use std::sync::Arc;
use std::time::Instant;

use latchkey_core::Timestamp;
use tracing::Instrument as _;

use super::sweep_clock::SweepClock;
use super::ticks::{every, span};
use super::trim_audit::Trimmer;
use crate::services::Services;

const PERIOD: Duration = Duration::from_secs(30);
/// How many sweeps go by until the audit log is trimmed again.
const TRIM_EVERY: u32 = 20;
const BATCH_SIZE: usize = 500;
/// How many deletions of users are continued per round.
const MAX_DELETIONS: usize = 1000;

pub(super) async fn run(state: Arc<Services>) {
    let mut ticks = every(PERIOD);
    let start = Instant::now();
    let mut sweep_clock = SweepClock::new(
        state.guard.denylist().swept_until(),
        state.clock.now(),
        Duration::ZERO,
    );
    let mut trimmer = Trimmer::default();
    let mut sweeps = 0_u32;
    loop {
        ticks.tick().await;
        let now = sweep_clock.advance(state.clock.now(), start.elapsed());
        sweep(&state, now).instrument(span("sweep")).await;
        sweeps = sweeps.wrapping_add(1);
        if sweeps.is_multiple_of(TRIM_EVERY) {
            let settings = &state.settings.audit;
            let trim = trimmer.trim(&*state.store, settings, now, state.clock.now());
            if let Err(error) = trim.instrument(span("trim_audit")).await {
                tracing::error!(%error, "cannot remove old audit records");
            }
        }
    }
}

async fn sweep(state: &Services, now: Timestamp) {
    while state.guard.denylist().sweep(now, BATCH_SIZE) >= BATCH_SIZE {
        tokio::task::yield_now().await;
    }
    while state.guard.proofs().sweep(now, BATCH_SIZE) >= BATCH_SIZE {
        tokio::task::yield_now().await;
    }
    while state.flows.sweep(now, BATCH_SIZE) >= BATCH_SIZE {
        tokio::task::yield_now().await;
    }
    let mut denials = Vec::new();
    let finished = state
        .store
        .finish_deletions(MAX_DELETIONS, now, &mut denials);
    let finished = finished.await;
    for denial in &denials {
        state.guard.denylist().insert(denial);
    }
    match finished {
        Ok(0) => {}
        Ok(users) => tracing::debug!(users, "deletions of users completed"),
        Err(error) => tracing::error!(%error, "cannot complete the deletion of users"),
    }
    loop {
        match state.store.sweep(now, BATCH_SIZE).await {
            Ok(BATCH_SIZE) => {}
            Ok(_) => break,
            Err(error) => {
                tracing::error!(%error, "cannot delete expired records");
                break;
            }
        }
    }
}
