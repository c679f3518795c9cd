//! Informs the running server, if there is one, of changes that are durable in the store.

use latchkey_core::{Denial, EndReason, UserId};

use super::Services;
use crate::event::Event;

/// Applies a change to the running server after the change is durable in the store, so that the
/// server refuses tokens and notifies open pages immediately.
pub trait Announce: Send + Sync {
    /// Applies these denials of a user.
    fn deny(&self, user: UserId, denials: &[Denial]);

    /// Applies a denial that concerns all users.
    fn deny_everyone(&self, denial: &Denial);

    /// Adds this number of sessions, which one change ended, to the metrics.
    fn count_ended(&self, reason: EndReason, sessions: usize);

    /// Reports an event to the application.
    fn report(&self, event: &Event);
}

impl Announce for Services {
    fn deny(&self, user: UserId, denials: &[Denial]) {
        Self::deny(self, user, denials);
    }

    fn deny_everyone(&self, denial: &Denial) {
        Self::deny_everyone(self, denial);
    }

    fn count_ended(&self, reason: EndReason, sessions: usize) {
        Self::count_ended(self, reason, sessions);
    }

    fn report(&self, event: &Event) {
        Self::report(self, event);
    }
}

/// For use when no server is running: the next one reads the denials when it starts.
pub(crate) struct NoServer;

impl Announce for NoServer {
    fn deny(&self, _: UserId, _: &[Denial]) {}

    fn deny_everyone(&self, _: &Denial) {}

    fn count_ended(&self, _: EndReason, _: usize) {}

    fn report(&self, _: &Event) {}
}
