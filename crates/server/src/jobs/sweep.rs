//! Frees what has expired, in steps so small that nobody waits for them.

use core::time::Duration;

use super::every;
use crate::state::AppState;

const PERIOD: Duration = Duration::from_secs(30);
const STEP: usize = 500;

pub(super) async fn run(state: AppState) {
    let mut ticks = every(PERIOD);
    loop {
        ticks.tick().await;
        let now = state.clock.now();
        while state.denylist.sweep(now, STEP) == STEP {
            tokio::task::yield_now().await;
        }
        while state.proofs.sweep(now, STEP) == STEP {
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
