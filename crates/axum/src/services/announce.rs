//! Makes changes effective that are durable in the store, with a running server and without one.

use latchkey_core::{Denial, UserId};

use super::Services;
use crate::event::Event;

/// Makes a change effective that is durable in the store: a running server has to refuse tokens
/// and notify open pages at once.
pub trait Announce: Send + Sync {
    /// These denials of a user are in force.
    fn deny(&self, user: UserId, denials: &[Denial]);

    /// A denial that concerns all users is in force.
    fn deny_everyone(&self, denial: &Denial);

    /// This happened.
    fn report(&self, event: &Event);
}

impl Announce for Services {
    fn deny(&self, user: UserId, denials: &[Denial]) {
        Self::deny(self, user, denials);
    }

    fn deny_everyone(&self, denial: &Denial) {
        Self::deny_everyone(self, denial);
    }

    fn report(&self, event: &Event) {
        Self::report(self, event);
    }
}

/// No server runs: the next one reads the denials at its start.
pub(crate) struct NoServer;

impl Announce for NoServer {
    fn deny(&self, _: UserId, _: &[Denial]) {}

    fn deny_everyone(&self, _: &Denial) {}

    fn report(&self, _: &Event) {}
}
