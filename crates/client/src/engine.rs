//! The refresh engine: decides when to refresh, what each response means, and which waiting
//! requests proceed. Pure: no I/O, no clock, no randomness. It consumes events and returns
//! commands. Every event comes with the current content of storage, so no decision is based on a
//! copy that another tab has made stale.
//!
//! | state | event | next |
//! |---|---|---|
//! | [idle](Refresh::Idle) | a request got 401, a token is about to expire, a manual refresh | lock |
//! | [locking](Refresh::Locking) | lock acquired, storage holds newer tokens | adopt them, idle |
//! | | lock acquired, nothing newer | reuse or store an idempotency key, post |
//! | [posting](Refresh::Posting) | any reply, other tokens are stored by now | adopt them, idle |
//! | | tokens | store them, idle |
//! | | refused | remove the tokens, idle |
//! | | repeated 409, storage unchanged | back off, continue with a new key |
//! | | anything else | keep the tokens and the key, back off |
//! | [backing off](Refresh::BackingOff) | delay over, online again, a request needs a token | lock |
//! | | another tab stored newer tokens | adopt them, idle |
//!
//! Two properties hold for any order of events: all requests share one refresh (single-flight), and
//! only a refusal ([`Reply::Refused`]) of the refresh token in storage ends a session.
//!
//! ```
//! use latchkey_client::engine::{Command, Engine, Event, Failure, RequestId, Stored};
//!
//! let request = RequestId(1);
//! let started = Event::RequestStarted { request, stale: false };
//! let signed_out = Stored::default();
//! let failure = Failure::SignedOut;
//! let commands = Engine::new().step(started, &signed_out);
//! assert_eq!(commands, [Command::Fail { request, failure }]);
//! ```

use crate::tokens::{Pending, Tokens};

mod active_request;
mod event;
mod refresh;
mod request;

pub use event::{
    Cause, Command, Event, Failure, Progress, Reply, RequestId, Stored, TransientError,
};

use active_request::ActiveRequest;

/// The state of one tab.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Engine {
    /// A list, because there are only a few at any time.
    requests: Vec<ActiveRequest>,
    refresh: Refresh,
    /// Consecutive refreshes that failed.
    failures: u32,
    /// How many of them were superseded (409).
    superseded: u32,
}

/// The state of this tab's refresh.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
enum Refresh {
    #[default]
    Idle,
    /// Waiting for the refresh lock.
    Locking {
        /// The access token to replace. If storage holds another one, no refresh is needed.
        /// `None` refreshes unconditionally.
        stale: Option<String>,
    },
    /// The refresh token has been sent.
    Posting {
        stale: Option<String>,
        sent: String,
        /// A manual refresh was requested in the meantime.
        again: bool,
    },
    /// The refresh failed temporarily. The tokens and the idempotency key are kept.
    BackingOff {
        stale: Option<String>,
        error: TransientError,
    },
}

impl Engine {
    /// Creates an idle engine.
    pub fn new() -> Self {
        Self::default()
    }

    /// Processes an event and returns the commands to execute, in order. `stored` is the current
    /// content of storage. All commands must be started before control returns to the browser, so
    /// that the token read from storage is the token that is sent.
    pub fn step(&mut self, event: Event, stored: &Stored) -> Vec<Command> {
        let mut commands = Vec::new();
        match event {
            Event::RequestStarted { request, stale } => {
                self.begin(request, stale, stored, &mut commands);
            }
            Event::ResponseReceived {
                request,
                unauthorized,
            } => self.response_received(request, unauthorized, stored, &mut commands),
            Event::RequestDropped { request } => {
                self.remove(request);
            }
            Event::RefreshRequested(cause) => self.refresh_requested(cause, stored, &mut commands),
            Event::LockAcquired { fresh_key } => {
                self.lock_acquired(fresh_key, stored, &mut commands);
            }
            Event::Replied(reply) => self.replied(reply, stored, &mut commands),
            Event::StorageChanged => self.storage_changed(stored, &mut commands),
            Event::RetryDue => self.retry_due(&mut commands),
        }
        commands
    }

    /// Whether a failed refresh is waiting for its retry.
    pub fn is_backing_off(&self) -> bool {
        matches!(self.refresh, Refresh::BackingOff { .. })
    }

    /// Whether a refresh is in progress.
    pub fn is_refreshing(&self) -> bool {
        matches!(
            self.refresh,
            Refresh::Locking { .. } | Refresh::Posting { .. }
        )
    }
}

#[cfg(test)]
mod tests;
