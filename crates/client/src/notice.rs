//! What the client tells those who watch it: enough for a page to show its state, and for a
//! timeline to show every request, refresh and retry.

use crate::engine::{Progress, Trouble};
use crate::session::{EndReason, SessionState};
use crate::tokens::Tokens;
use crate::transport::Method;

/// One request of a [`Call`](crate::client::Call): a call that is retried has two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// The same for a request and its retry.
    pub call: u64,
    /// The method.
    pub method: Method,
    /// The path.
    pub path: String,
    /// With the access token.
    pub with_token: bool,
    /// Sent once more after a 401.
    pub retry: bool,
}

/// Something happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// The session state changed.
    State(SessionState),
    /// The stored tokens changed, here or in another tab.
    Tokens(Option<Tokens>),
    /// The session ended; the state follows.
    Ended(EndReason),
    /// The account's sessions or its activity may have changed: what is shown of them may be
    /// stale.
    AccountChanged,
    /// The server cannot be reached, or can again (`None`). The person stays signed in.
    Trouble(Option<Trouble>),
    /// A request was sent.
    Sent(Exchange),
    /// It was answered.
    Answered {
        /// Which.
        exchange: Exchange,
        /// The status; `None` if there was no answer.
        status: Option<u16>,
        /// The error code in the answer, such as `token_expired`.
        code: Option<String>,
        /// From sending to answer, in milliseconds.
        millis: u32,
    },
    /// A call was given up without being sent, or without a token to send it with.
    NotSent {
        /// The method.
        method: Method,
        /// The path.
        path: String,
    },
    /// A refresh went one step further.
    Refresh {
        /// How it stands.
        progress: Progress,
        /// The status of the token endpoint's answer, if it came to that.
        status: Option<u16>,
        /// From sending to answer, in milliseconds; 0 if nothing was sent.
        millis: u32,
    },
}
