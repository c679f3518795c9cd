//! Frees what has expired, in steps so small that nobody waits for them.

use core::time::Duration;
use std::time::Instant;

use super::every;
use super::settled::Settled;
use crate::state::AppState;

const PERIOD: Duration = Duration::from_secs(30);
const STEP: usize = 500;

pub(super) async fn run(state: AppState) {
    let mut ticks = every(PERIOD);
    let start = Instant::now();
    let mut settled = Settled::new(
        state.denylist.swept_until(),
        state.clock.now(),
        Duration::ZERO,
    );
    loop {
        ticks.tick().await;
        let now = settled.advance(state.clock.now(), start.elapsed());
        while state.denylist.sweep(now, STEP) >= STEP {
            tokio::task::yield_now().await;
        }
        while state.proofs.sweep(now, STEP) >= STEP {
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
                    tracing::error!(%error, "expired records cannot be freed");
                    break;
                }
            }
        }
    }
}
