//! Follows what other machines do to a shared store.

use core::time::Duration;

use latchkey_core::Denied;
use latchkey_store::{ChangeFeed, Changes};
use tokio::time::sleep;

use crate::auth::freshness::Moment;
use crate::state::AppState;

/// The pause after a failure.
const PAUSE: Duration = Duration::from_millis(100);

pub(super) async fn run(state: AppState, mut feed: Box<dyn ChangeFeed>) {
    let mut follower = Follower {
        state,
        failing: false,
        rest: Changes::default(),
    };
    let wait = follower.state.freshness.wait();
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
    state: AppState,
    failing: bool,
    /// What could not be done yet: denials are read anew first.
    rest: Changes,
}

impl Follower {
    async fn take(&mut self, news: Changes) -> Result<(), latchkey_store::StoreError> {
        let state = &self.state;
        for denial in &news.denials {
            state.denylist.insert(denial);
        }
        let rest = &mut self.rest;
        // Of a whole account, or of all, that is news by itself.
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
            state.denylist.load(&*state.store).await?;
        }
        // After the denials: whoever is woken looks at them.
        let done = std::mem::take(rest);
        if done.accounts_missed {
            state.hub.wake_all();
        }
        for account in done.accounts {
            state.hub.wake(account);
        }
        Ok(())
    }

    fn succeeded(&mut self, asked: Moment) {
        self.state.freshness.heard(asked);
        if self.failing {
            self.failing = false;
            tracing::info!("the store is reachable again");
        }
    }

    fn failed(&mut self, error: &latchkey_store::StoreError) {
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
