//! Background jobs: sweeping expired records, writing and trimming the audit log, rotating keys,
//! pruning rate limits, replicating denials from a shared store, monitoring the store.

mod prune_rate_limits;
mod replicate_denials;
mod rotate_keys;
mod sweep;
mod sweep_clock;
mod ticks;
mod trim_audit;
mod write_audit;

use core::time::Duration;
use std::sync::Arc;

use latchkey_store::{ChangeFeed, Store, StoreError};
use tokio::task::JoinSet;

use self::ticks::every;
pub(crate) use self::write_audit::finish as finish_audit;
use crate::http::state::HttpState;
use crate::services::Services;

/// The change feed of a shared store; `None` for an embedded store.
pub(crate) type Feed = Option<Box<dyn ChangeFeed>>;

/// Starts all jobs. Dropping the set stops them.
pub(crate) fn start(services: &Arc<Services>, http: &Arc<HttpState>, feed: Feed) -> JoinSet<()> {
    let mut jobs = JoinSet::new();
    let shared = feed.is_some();
    if let Some(feed) = feed {
        jobs.spawn(replicate_denials::run(Arc::clone(services), feed));
    }
    jobs.spawn(prune_rate_limits::run(
        Arc::clone(services),
        Arc::clone(http),
    ));
    jobs.spawn(sweep::run(Arc::clone(services)));
    jobs.spawn(write_audit::run(Arc::clone(services)));
    jobs.spawn(rotate_keys::run(Arc::clone(services), shared));
    jobs
}

/// Completes when the store has failed permanently: a server that cannot write must not look
/// healthy. A transient failure, such as a lost connection, does not count.
pub(crate) async fn store_failure(store: Arc<dyn Store>) {
    let mut ticks = every(Duration::from_secs(1));
    loop {
        ticks.tick().await;
        if permanent_failure(&*store).await.is_err() {
            return;
        }
    }
}

/// Fails if the store has failed permanently.
pub(crate) async fn permanent_failure(store: &dyn Store) -> Result<(), StoreError> {
    let health = store.health().await;
    health.or_else(|error| {
        if error.is_transient() {
            Ok(())
        } else {
            Err(error)
        }
    })
}
