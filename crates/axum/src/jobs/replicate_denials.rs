//! Replicates denials from a shared store: applies the changes that other servers make to it.

use core::time::Duration;
use std::sync::Arc;

use latchkey_core::Denied;
use latchkey_guard::ClockReading;
use latchkey_store::{ChangeFeed, Changes, StoreError};
use tokio::time::sleep;
use tracing::Instrument as _;

use super::ticks::span;
use crate::services::{Services, denials};

/// The delay before the next request after a failure.
const RETRY_DELAY: Duration = Duration::from_millis(100);

pub(super) async fn run(state: Arc<Services>, mut feed: Box<dyn ChangeFeed>) {
    let mut replicator = Replicator {
        state,
        failing: false,
        pending: Changes::default(),
    };
    let wait = replicator.state.guard.freshness().wait();
    loop {
        let requested_at = ClockReading::now(replicator.state.clock.now());
        let changes = feed.next(wait).await;
        let applied = replicator
            .apply_all(changes, requested_at)
            .instrument(span("replicate_denials"));
        if !applied.await {
            sleep(RETRY_DELAY).await;
        }
    }
}

struct Replicator {
    state: Arc<Services>,
    failing: bool,
    /// What has not been applied yet because reading the denials failed.
    pending: Changes,
}

impl Replicator {
    /// Returns whether the denylist is up to date as of `requested_at`.
    async fn apply_all(
        &mut self,
        changes: Result<Changes, StoreError>,
        requested_at: ClockReading,
    ) -> bool {
        let applied = match changes {
            Ok(changes) => self.apply(changes).await,
            Err(error) => Err(error),
        };
        match &applied {
            Ok(()) => self.succeeded(requested_at),
            Err(error) => self.failed(error),
        }
        applied.is_ok()
    }

    async fn apply(&mut self, changes: Changes) -> Result<(), StoreError> {
        let state = &self.state;
        for denial in &changes.denials {
            state.guard.denylist().insert(denial);
        }
        let pending = &mut self.pending;
        // A denial of a user, or of everyone, must also reach their event streams.
        for denial in &changes.denials {
            match denial.denied {
                Denied::User(user) => pending.users.push(user),
                Denied::Everyone => pending.users_missed = true,
                Denied::Session(_) | Denied::Token(_) => {}
            }
        }
        pending.denials_missed |= changes.denials_missed;
        pending.users_missed |= changes.users_missed;
        pending.users.extend(changes.users);
        if pending.denials_missed {
            denials::load(state.guard.denylist(), &*state.store).await?;
        }
        // The denials come first, because a stream that is notified checks the denylist.
        let ready = std::mem::take(pending);
        if ready.users_missed {
            state.notifier.notify_all();
        }
        for user in ready.users {
            state.notifier.notify(user);
        }
        Ok(())
    }

    fn succeeded(&mut self, requested_at: ClockReading) {
        self.state.guard.freshness().mark_synced(requested_at);
        if self.failing {
            self.failing = false;
            tracing::info!("reconnected to the store");
        }
    }

    fn failed(&mut self, error: &StoreError) {
        if !self.failing {
            self.failing = true;
            tracing::error!(
                %error,
                "lost the connection to the store; after store.max_staleness, access tokens will be \
                 refused"
            );
        }
    }
}
