//! Frees expired records, in steps small enough not to delay requests.

use core::time::Duration;
use std::sync::Arc;
use std::time::Instant;

use latchkey_core::Timestamp;
use tracing::Instrument as _;

use super::sweep_clock::SweepClock;
use super::ticks::{every, span};
use crate::services::Services;

const PERIOD: Duration = Duration::from_secs(30);
const STEP: usize = 500;

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
    while state.guard.denylist().sweep(now, STEP) >= STEP {
        tokio::task::yield_now().await;
    }
    while state.guard.proofs().sweep(now, STEP) >= STEP {
        tokio::task::yield_now().await;
    }
    while state.flows.sweep(now, STEP) >= STEP {
        tokio::task::yield_now().await;
    }
    loop {
        match state.store.sweep(now, STEP).await {
            Ok(STEP) => {}
            Ok(_) => break,
            Err(error) => {
                tracing::error!(%error, "cannot free expired records");
                break;
            }
        }
    }
}
