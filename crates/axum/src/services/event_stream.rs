//! One event stream of a client: tells it when to refetch, and when its session has ended.

use core::time::Duration;
use std::sync::Arc;

use latchkey_core::{Clock, DenialReason, Timestamp};
use latchkey_guard::{Guard, Verified};
use tokio::time::{Instant, sleep_until};

use super::notifier::{Listener, TooManyStreams};
use crate::services::Services;

/// A message on the stream. It says what happened and contains no account data: the client fetches
/// that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// The stream is open: every later change is announced.
    Ready,
    /// The user's sessions or activity changed.
    AccountChanged,
    /// The session has ended; this is the last message.
    SessionEnded(DenialReason),
}

/// The notices for one access token, until it expires or is revoked.
pub struct EventStream {
    guard: Guard,
    clock: Arc<dyn Clock>,
    claims: Arc<Verified>,
    listener: Listener,
    /// When the token expires, by the monotonic clock.
    deadline: Instant,
    step: Step,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Opening,
    Listening,
    Ended,
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
            step: Step::Opening,
        })
    }

    /// The next notice; `None` once the token is no longer valid or the server stops.
    pub async fn next(&mut self) -> Option<Notice> {
        let notice = match self.step {
            // The token may have been denied after it was verified and before `listen`.
            Step::Opening => self.check(Notice::Ready),
            Step::Listening => {
                let notified = tokio::select! {
                    notified = self.listener.notified() => notified,
                    () = sleep_until(self.deadline) => false,
                };
                notified
                    .then(|| self.check(Notice::AccountChanged))
                    .flatten()
            }
            Step::Ended => None,
        };
        self.step = match notice {
            Some(Notice::Ready | Notice::AccountChanged) => Step::Listening,
            Some(Notice::SessionEnded(_)) | None => Step::Ended,
        };
        notice
    }

    /// [`Notice::SessionEnded`] if the session has ended, otherwise `notice`; `None` if the token
    /// is no longer valid.
    fn check(&self, notice: Notice) -> Option<Notice> {
        let now = self.clock.now();
        let denylist = self.guard.denylist();
        if let Some(reason) = denylist.session_refusal(&self.claims, now) {
            return Some(Notice::SessionEnded(reason));
        }
        // If only the token was revoked or has expired, the stream ends without a message: the
        // session is still live, and a new token opens a new stream.
        let in_time = self.claims.check_time(now).is_ok();
        (in_time && denylist.refusal(&self.claims, now).is_none()).then_some(notice)
    }
}
