//! The events that the application receives after a change.

use std::sync::Arc;

use latchkey_core::{EndReason, SessionId, UserId};

/// The function given to `Builder::on`.
pub(crate) type EventHook = Arc<dyn Fn(&Event) + Send + Sync>;

/// A change that is durable, made by this server. Sessions that expire are not reported.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A user signed in.
    SignedIn {
        /// Who.
        user: UserId,
        /// The new session.
        session: SessionId,
    },
    /// A session was refreshed.
    Refreshed {
        /// Whose session it is.
        user: UserId,
        /// The session.
        session: SessionId,
    },
    /// A session ended.
    SessionEnded {
        /// Whose session it was.
        user: UserId,
        /// The session.
        session: SessionId,
        /// Why.
        reason: EndReason,
    },
    /// All sessions of a user ended, or all but one.
    SessionsEnded {
        /// Whose sessions.
        user: UserId,
        /// The session that goes on.
        kept: Option<SessionId>,
        /// Why.
        reason: EndReason,
    },
    /// Everyone's sessions ended.
    EveryoneEnded,
    /// A user was banned, and all of the user's sessions ended.
    Banned {
        /// Who.
        user: UserId,
    },
    /// A ban was lifted.
    Unbanned {
        /// Who.
        user: UserId,
    },
}
