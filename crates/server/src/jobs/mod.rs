//! What happens without being asked: sweeping, key rotation, watching the store.

mod rotate_keys;
mod sweep;

use core::time::Duration;
use std::sync::Arc;

use latchkey_store::Store;
use tokio::task::JoinSet;

use crate::state::AppState;

/// Starts all jobs; they end when the set is dropped.
pub fn start(state: &AppState) -> JoinSet<()> {
    let mut jobs = JoinSet::new();
    jobs.spawn(sweep::run(state.clone()));
    jobs.spawn(rotate_keys::run(state.clone()));
    jobs
}

/// Done when the store has failed: a server that cannot write must not look alive.
pub async fn store_failure(store: Arc<dyn Store>) {
    let mut ticks = every(Duration::from_secs(1));
    loop {
        ticks.tick().await;
        if store.health().await.is_err() {
            return;
        }
    }
}

fn every(period: Duration) -> tokio::time::Interval {
    let mut ticks = tokio::time::interval(period);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    ticks
}
