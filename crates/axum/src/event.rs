//! Events that the application receives after a change.

use std::sync::Arc;

use latchkey_core::{EndReason, SessionId, UserId};

/// The function given to `Builder::on`.
pub(crate) type EventHook = Arc<dyn Fn(&Event) + Send + Sync>;

/// A durable change made by this server. Sessions that expire are not reported.
///
/// ```
/// use std::sync::mpsc;
///
/// use latchkey_axum::{Event, Latchkey, MasterKey, Store};
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (sender, events) = mpsc::channel();
/// let auth = Latchkey::builder("http://127.0.0.1:3000")
///     .store(Store::memory())
///     .master_key(MasterKey::random())
///     .on(move |event| drop(sender.send(event.clone())))
///     .open()
///     .await?;
/// auth.operator().end_everyone().await?;
/// assert_eq!(events.recv()?, Event::EveryoneEnded);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A user signed in.
    SignedIn {
        /// The user.
        user: UserId,
        /// The new session.
        session: SessionId,
    },
    /// A session was refreshed.
    Refreshed {
        /// The session's user.
        user: UserId,
        /// The session.
        session: SessionId,
    },
    /// A session ended.
    SessionEnded {
        /// The session's user.
        user: UserId,
        /// The session.
        session: SessionId,
        /// Why it ended.
        reason: EndReason,
    },
    /// All sessions of a user ended, except `kept`.
    SessionsEnded {
        /// The sessions' user.
        user: UserId,
        /// The session that continues, if any.
        kept: Option<SessionId>,
        /// Why they ended.
        reason: EndReason,
    },
    /// All sessions of all users ended.
    EveryoneEnded,
    /// A user was banned, and all of the user's sessions ended.
    Banned {
        /// The user.
        user: UserId,
    },
    /// The roles that were granted to a user changed.
    RolesChanged {
        /// The user.
        user: UserId,
    },
    /// A ban was lifted.
    Unbanned {
        /// The user.
        user: UserId,
    },
    /// A user added an identity: another way to sign in to the account.
    IdentityLinked {
        /// The user.
        user: UserId,
    },
    /// A user removed an identity. The sessions that were opened with it are reported separately.
    IdentityRemoved {
        /// The user.
        user: UserId,
    },
    /// A user deleted the account, and all of the user's sessions ended. The id is not used again;
    /// delete what the application stores about the user.
    UserDeleted {
        /// The user.
        user: UserId,
    },
}
