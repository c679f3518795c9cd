//! What one event stream tells: that it is up to date, that the account changed, that the session
//! is over.

use core::time::Duration;
use std::sync::Arc;

use latchkey_core::{DenialReason, Timestamp};
use tokio::time::{Instant, sleep_until};

use super::access::Verified;
use super::hub::{Listener, TooManyStreams};
use crate::state::AppState;

/// Something to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// From here on nothing is missed.
    Ready,
    /// The account's sessions or its activity changed.
    AccountChanged,
    /// The session is over; nothing follows.
    SessionEnded(DenialReason),
}

/// The notices of one access token, for as long as it is good.
pub struct Feed {
    state: AppState,
    claims: Arc<Verified>,
    listener: Listener,
    /// By the runtime's clock, which nobody sets.
    deadline: Instant,
    step: Step,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Begins,
    Listens,
    Over,
}

impl Feed {
    /// Begins to listen.
    pub fn open(state: AppState, claims: Arc<Verified>) -> Result<Self, TooManyStreams> {
        let listener = state.hub.listen(claims.sub)?;
        let left = Timestamp::from_secs(claims.exp).since(state.clock.now());
        Ok(Self {
            deadline: Instant::now() + left.min(Duration::from_hours(24)),
            state,
            claims,
            listener,
            step: Step::Begins,
        })
    }

    /// The next notice; `None` when the token is good no more, or the server stops.
    pub async fn next(&mut self) -> Option<Notice> {
        let notice = match self.step {
            // The token may have been denied between its check and the first listening.
            Step::Begins => self.look(Notice::Ready),
            Step::Listens => {
                let woken = tokio::select! {
                    woken = self.listener.woken() => woken,
                    () = sleep_until(self.deadline) => false,
                };
                woken.then(|| self.look(Notice::AccountChanged)).flatten()
            }
            Step::Over => None,
        };
        self.step = match notice {
            Some(Notice::Ready | Notice::AccountChanged) => Step::Listens,
            Some(Notice::SessionEnded(_)) | None => Step::Over,
        };
        notice
    }

    /// How things stand: the end, or else `otherwise`.
    fn look(&self, otherwise: Notice) -> Option<Notice> {
        let now = self.state.clock.now();
        let denylist = &self.state.denylist;
        if let Some(reason) = denylist.session_refusal(&self.claims, now) {
            return Some(Notice::SessionEnded(reason));
        }
        // A token that was revoked or has expired ends with no word: its session lives, and a
        // fresh token opens a new stream.
        let good = self.claims.check_time(now).is_ok();
        (good && denylist.refusal(&self.claims, now).is_none()).then_some(otherwise)
    }
}
