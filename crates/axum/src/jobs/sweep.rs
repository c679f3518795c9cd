//! Deletes expired records, in batches small enough not to delay requests.

use core::time::Duration;
use std::sync::Arc;
use std::time::Instant;

use latchkey_core::Timestamp;
use tracing::Instrument as _;

use super::sweep_clock::SweepClock;
use super::ticks::{every, span};
use crate::services::Services;

const PERIOD: Duration = Duration::from_secs(30);
const BATCH_SIZE: usize = 500;

pub(super) async fn run(state: Arc<Services>) {
    let mut ticks = every(PERIOD);
    let start = Instant::now();
    let mut sweep_clock = SweepClock::new(
        state.guard.denylist().swept_until(),
        state.clock.now(),
        Duration::ZERO,
    );
    loop {
        ticks.tick().await;
        let now = sweep_clock.advance(state.clock.now(), start.elapsed());
        sweep(&state, now).instrument(span("sweep")).await;
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
