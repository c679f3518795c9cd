//! Notifications for observers of the client: enough for a page to show the state of the session,
//! and for a timeline to show every request, refresh and retry.
//!
//! ```
//! use latchkey_client::{EndReason, Notice};
//!
//! fn message(notice: &Notice) -> Option<&'static str> {
//!     match notice {
//!         Notice::Outage(Some(_)) => Some("The server is unavailable; you stay signed in."),
//!         Notice::Ended(EndReason::SignedOut) => None,
//!         Notice::Ended(_) => Some("Your session has ended."),
//!         _ => None,
//!     }
//! }
//!
//! assert_eq!(message(&Notice::AccountChanged), None);
//! ```

use crate::engine::{Progress, TransientError};
use crate::session::{EndReason, SessionState};
use crate::tokens::Tokens;
use crate::transport::Method;

/// One HTTP request of a [`Call`](crate::client::Call). A retried call has two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// Identifies the call; a request and its retry have the same number.
    pub call: u64,
    /// The HTTP method.
    pub method: Method,
    /// The path.
    pub path: String,
    /// Whether the request carries the access token.
    pub with_token: bool,
    /// Whether this is the retry after a 401.
    pub retry: bool,
}

/// A notification for the client's observers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// The session state changed.
    State(SessionState),
    /// The stored tokens changed, here or in another tab.
    Tokens(Option<Tokens>),
    /// The session ended. A change of state follows.
    Ended(EndReason),
    /// The account's sessions or activity may have changed, so displayed data may be stale.
    AccountChanged,
    /// The server became unavailable, or is available again (`None`). The user stays signed in.
    Outage(Option<TransientError>),
    /// A request was sent.
    Sent(Exchange),
    /// A response was received, or the request failed without one.
    Received {
        /// The request.
        exchange: Exchange,
        /// The HTTP status; `None` if there was no response.
        status: Option<u16>,
        /// The error code in the response, such as `token_expired`.
        code: Option<String>,
        /// The time from request to response, in milliseconds.
        millis: u32,
    },
    /// A call failed before it was sent, for example because there is no token.
    NotSent {
        /// The HTTP method.
        method: Method,
        /// The path.
        path: String,
    },
    /// A refresh made progress.
    Refresh {
        /// The new stage.
        progress: Progress,
        /// The HTTP status of the token endpoint's response, if there was one.
        status: Option<u16>,
        /// The time from request to response, in milliseconds; 0 if nothing was sent.
        millis: u32,
    },
}
