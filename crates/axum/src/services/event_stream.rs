//! One event stream: it says that it is up to date, that the account changed, that the session has
//! ended.

use core::time::Duration;
use std::sync::Arc;

use latchkey_core::{Clock, DenialReason, Timestamp};
use latchkey_guard::{Guard, Verified};
use tokio::time::{Instant, sleep_until};

use super::notifier::{Listener, TooManyStreams};
use crate::services::Services;

/// A message of the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// No change from here on is missed.
    Ready,
    /// The account's sessions or its activity changed.
    AccountChanged,
    /// The session has ended; nothing follows.
    SessionEnded(DenialReason),
}

/// The notices for one access token, until it expires or is revoked.
pub struct EventStream {
    guard: Guard,
    clock: Arc<dyn Clock>,
    claims: Arc<Verified>,
    listener: Listener,
    /// By the monotonic clock.
    deadline: Instant,
    step: Step,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Begins,
    Listens,
    Over,
}

impl EventStream {
    /// Opens the stream.
    pub fn open(state: &Services, claims: Arc<Verified>) -> Result<Self, TooManyStreams> {
        let listener = state.notifier.listen(claims.sub)?;
        let left = Timestamp::from_secs(claims.exp).since(state.clock.now());
        Ok(Self {
            deadline: Instant::now() + left.min(Duration::from_hours(24)),
            guard: state.guard.clone(),
            clock: Arc::clone(&state.clock),
            claims,
            listener,
            step: Step::Begins,
        })
    }

    /// The next notice; `None` once the token is no longer valid or the server stops.
    pub async fn next(&mut self) -> Option<Notice> {
        let notice = match self.step {
            // The token may have been denied between its verification and the start of listening.
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

    /// The end of the session if it has ended, `otherwise` if not.
    fn look(&self, otherwise: Notice) -> Option<Notice> {
        let now = self.clock.now();
        let denylist = self.guard.denylist();
        if let Some(reason) = denylist.session_refusal(&self.claims, now) {
            return Some(Notice::SessionEnded(reason));
        }
        // If only the token was revoked or has expired, the stream ends without a notice: the session
        // is alive, and a new token opens a new stream.
        let good = self.claims.check_time(now).is_ok();
        (good && denylist.refusal(&self.claims, now).is_none()).then_some(otherwise)
    }
}
