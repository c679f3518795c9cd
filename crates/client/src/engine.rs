//! The refresh engine: decides when to refresh, what to do with each answer, and which waiting
//! request goes on. Pure: no I/O, no clock, no randomness. Events go in, commands come out, and
//! what storage holds at the moment of the event comes in beside it, so that no decision can
//! rest on a copy that another tab has made stale.
//!
//! | state | event | next |
//! |---|---|---|
//! | [idle](Refresh::Idle) | a request got 401, a token is near its end, a person asked | lock |
//! | [locking](Refresh::Locking) | locked, storage holds something newer | adopt it, idle |
//! | | locked, nothing newer | remember a key, post |
//! | [posting](Refresh::Posting) | storage changed hands meanwhile | adopt what is there, idle |
//! | | tokens | store them, idle |
//! | | explicit `invalid_grant` | forget the tokens, idle |
//! | | 409 again and again, storage unchanged | back off, go on with a fresh key |
//! | | anything else | keep the tokens and the key, back off |
//! | [backing off](Refresh::BackingOff) | time is up, online again, a request needs it | lock |
//! | | another tab stored newer tokens | adopt them, idle |
//!
//! Two properties hold whatever the order of events: any number of requests share one refresh,
//! and a reply without tokens never ends a session unless it is an explicit `invalid_grant` for
//! the very refresh token that storage holds.

use crate::tokens::{Pending, Tokens};

mod active_request;
mod event;
mod refresh;
mod request;

pub use event::{Cause, Command, Event, Failure, Progress, Reply, RequestId, Stored, Trouble};

use active_request::ActiveRequest;

/// The state of one tab.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Engine {
    /// Few at any time: a list will do.
    requests: Vec<ActiveRequest>,
    refresh: Refresh,
    /// Refreshes in a row that brought no answer to go on.
    failures: u32,
    /// How many of them were told that another tab had won.
    superseded: u32,
}

/// Where the one refresh of this tab stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
enum Refresh {
    #[default]
    Idle,
    /// Waiting for the lock that all tabs share.
    Locking {
        /// The access token that is no good any more: another one in storage settles the matter.
        /// `None`: refresh whatever storage holds.
        stale: Option<String>,
    },
    /// The refresh token is with the server.
    Posting {
        stale: Option<String>,
        sent: String,
        /// A person asked once more meanwhile.
        again: bool,
    },
    /// The server did not say yes or no. The tokens stay, the key stays.
    BackingOff {
        stale: Option<String>,
        trouble: Trouble,
    },
}

impl Engine {
    /// An engine with nothing to do.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes in what happened while storage held `stored`; gives what to do, in order. All of it
    /// must be begun before control goes back to the browser, so that what was read is what is
    /// sent.
    pub fn step(&mut self, event: Event, stored: &Stored) -> Vec<Command> {
        let mut commands = Vec::new();
        match event {
            Event::Begun { request, stale } => self.begin(request, stale, stored, &mut commands),
            Event::Answered {
                request,
                unauthorized,
            } => self.answered(request, unauthorized, stored, &mut commands),
            Event::Dropped { request } => {
                self.forget(request);
            }
            Event::Wanted(cause) => self.wanted(cause, stored, &mut commands),
            Event::Locked { fresh_key } => self.locked(fresh_key, stored, &mut commands),
            Event::Replied(reply) => self.replied(reply, stored, &mut commands),
            Event::Changed => self.changed(stored, &mut commands),
            Event::Due => self.due(&mut commands),
        }
        commands
    }

    /// Whether a refresh could not be finished and waits to be tried again.
    pub fn is_backing_off(&self) -> bool {
        matches!(self.refresh, Refresh::BackingOff { .. })
    }

    /// Whether a refresh is under way at this moment.
    pub fn is_refreshing(&self) -> bool {
        matches!(
            self.refresh,
            Refresh::Locking { .. } | Refresh::Posting { .. }
        )
    }
}

#[cfg(test)]
mod tests;
