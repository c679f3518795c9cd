//! Follows what other machines do to a shared store.

use core::time::Duration;

use latchkey_store::{Feed, News};
use tokio::time::sleep;

use crate::auth::freshness::Moment;
use crate::state::AppState;

/// How long to wait for news: an answer without any says that there are none.
const PATIENCE: Duration = Duration::from_millis(500);
/// The pause after a failure.
const PAUSE: Duration = Duration::from_millis(100);

pub(super) async fn run(state: AppState, mut feed: Box<dyn Feed>) {
    let mut follower = Follower {
        state,
        failing: false,
        denials_missed: false,
    };
    loop {
        let asked = Moment::now(follower.state.clock.now());
        let done = match feed.next(PATIENCE).await {
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
    /// Until they could be read anew.
    denials_missed: bool,
}

impl Follower {
    async fn take(&mut self, news: News) -> Result<(), latchkey_store::StoreError> {
        let state = &self.state;
        for denial in &news.denials {
            state.denylist.insert(denial);
        }
        self.denials_missed |= news.denials_missed;
        if self.denials_missed {
            state.denylist.load(&*state.store).await?;
            self.denials_missed = false;
        }
        // After the denials: whoever is woken looks at them.
        if news.accounts_missed {
            state.hub.wake_all();
        }
        for account in news.accounts {
            state.hub.wake(account);
        }
        Ok(())
    }

    fn succeeded(&mut self, asked: Moment) {
        self.state.freshness.heard(asked);
        if self.failing {
            self.failing = false;
            tracing::info!("the store is heard again");
        }
    }

    fn failed(&mut self, error: &latchkey_store::StoreError) {
        if !self.failing {
            self.failing = true;
            tracing::error!(%error, "the store is not heard; soon no token will be taken");
        }
    }
}
