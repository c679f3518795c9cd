//! Applies changes that other servers make to a shared store.

use core::time::Duration;

use std::sync::Arc;

use latchkey_core::Denied;
use latchkey_guard::Moment;
use latchkey_store::{ChangeFeed, Changes, StoreError};
use tokio::time::sleep;

use crate::services::{Services, denials};

/// The pause after a failure.
const PAUSE: Duration = Duration::from_millis(100);

pub(super) async fn run(state: Arc<Services>, mut feed: Box<dyn ChangeFeed>) {
    let mut follower = Follower {
        state,
        failing: false,
        rest: Changes::default(),
    };
    let wait = follower.state.guard.freshness().wait();
    loop {
        let asked = Moment::now(follower.state.clock.now());
        let done = match feed.next(wait).await {
            Ok(news) => follower.take(news).await,
            Err(error) => Err(error),
        };
        match done {
            Ok(()) => follower.succeeded(asked),
            Err(error) => {
                follower.failed(&error);
                sleep(PAUSE).await;
            }
        }
    }
}

struct Follower {
    state: Arc<Services>,
    failing: bool,
    /// What could not be done yet; missed denials are read first.
    rest: Changes,
}

impl Follower {
    async fn take(&mut self, news: Changes) -> Result<(), StoreError> {
        let state = &self.state;
        for denial in &news.denials {
            state.guard.denylist().insert(denial);
        }
        let rest = &mut self.rest;
        // A denial of an account, or of everyone, concerns streams, too.
        for denial in &news.denials {
            match denial.denied {
                Denied::User(user) => rest.accounts.push(user),
                Denied::Everyone => rest.accounts_missed = true,
                Denied::Session(_) | Denied::Token(_) => {}
            }
        }
        rest.denials_missed |= news.denials_missed;
        rest.accounts_missed |= news.accounts_missed;
        rest.accounts.extend(news.accounts);
        if rest.denials_missed {
            denials::load(state.guard.denylist(), &*state.store).await?;
        }
        // After the denials, which the notified streams look at.
        let done = std::mem::take(rest);
        if done.accounts_missed {
            state.notifier.notify_all();
        }
        for account in done.accounts {
            state.notifier.notify(account);
        }
        Ok(())
    }

    fn succeeded(&mut self, asked: Moment) {
        self.state.guard.freshness().mark_synced(asked);
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
                "lost the connection to the store; after store.max_staleness access tokens will be \
                 refused"
            );
        }
    }
}
