//! What happens without being asked: sweeping, key rotation, watching the store.

mod follow;
mod forget;
mod rotate_keys;
mod settled;
mod sweep;

use core::time::Duration;
use std::sync::Arc;

use latchkey_store::{ChangeFeed, Store, StoreError};
use tokio::task::JoinSet;

use crate::state::AppState;

/// Starts all jobs; they end when the set is dropped.
pub fn start(state: &AppState, feed: Option<Box<dyn ChangeFeed>>) -> JoinSet<()> {
    let mut jobs = JoinSet::new();
    if let Some(feed) = feed {
        jobs.spawn(follow::run(state.clone(), feed));
    }
    jobs.spawn(forget::run(state.clone()));
    jobs.spawn(sweep::run(state.clone()));
    jobs.spawn(rotate_keys::run(state.clone()));
    jobs
}

/// Done when the store has failed for good: a server that cannot write must not look alive. One
/// that cannot be reached may come back.
pub async fn store_failure(store: Arc<dyn Store>) {
    let mut ticks = every(Duration::from_secs(1));
    loop {
        ticks.tick().await;
        if has_failed(&*store).await.is_err() {
            return;
        }
    }
}

/// Whether the store has failed for good, and how.
pub async fn has_failed(store: &dyn Store) -> Result<(), StoreError> {
    store.health().await.or_else(|error| {
        if error.is_transient() {
            Ok(())
        } else {
            Err(error)
        }
    })
}

fn every(period: Duration) -> tokio::time::Interval {
    let mut ticks = tokio::time::interval(period);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    ticks
}
