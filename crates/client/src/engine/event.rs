//! The engine's input (events) and output (commands).

use latchkey_types::ErrorCode;

use super::{Pending, Tokens};

/// Identifies a request of this tab while it is in progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub u64);

/// The content of storage at the time of an event.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Stored {
    /// The tokens; `None` when signed out.
    pub tokens: Option<Tokens>,
    /// The idempotency key of a refresh that has no response yet.
    pub pending: Option<Pending>,
}

/// An input of the engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A request that needs an access token started.
    RequestStarted {
        /// The request.
        request: RequestId,
        /// Whether the stored access token has expired, so that a refresh must come first.
        stale: bool,
    },
    /// The response to a request was received.
    ResponseReceived {
        /// The request.
        request: RequestId,
        /// Whether the status was 401. A refresh does not help with any other status, such as 403.
        unauthorized: bool,
    },
    /// The caller no longer waits for this request.
    RequestDropped {
        /// The request.
        request: RequestId,
    },
    /// A refresh is needed although no request is waiting for it.
    RefreshRequested(Cause),
    /// The refresh lock was acquired.
    LockAcquired {
        /// A random value, in case a new idempotency key is needed.
        fresh_key: String,
    },
    /// The refresh request completed or failed.
    Replied(Reply),
    /// Storage was changed by another tab, or by a sign-in or sign-out in this tab.
    StorageChanged,
    /// The backoff delay has elapsed, or the network is available again.
    RetryDue,
}

/// Why a refresh is needed although no request is waiting for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The access token should be replaced: it is about to expire, the server refused to open an
    /// event stream with it, or the event stream reported that the session ended. Not needed if
    /// another tab has stored newer tokens.
    Automatic,
    /// A manual refresh: refresh unconditionally.
    Manual,
}

/// The outcome of a refresh request, reduced to what the engine needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// New tokens.
    Tokens(Tokens),
    /// The session cannot be refreshed again: the server responded with an explicit
    /// `invalid_grant`, or this browser does not have the key that the session is bound to. No other
    /// outcome ends a session.
    Refused(Option<ErrorCode>),
    /// 409: another tab has refreshed already; its tokens will appear in storage.
    Superseded,
    /// Anything else: no response, 5xx, 429, an invalid response.
    Unavailable(TransientError),
}

/// A transient failure: the same request may succeed later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TransientError {
    /// No response: the network or the server is down.
    Unreachable,
    /// The server failed (5xx) or sent an invalid response.
    ServerError,
    /// Too many requests (429).
    RateLimited {
        /// The `Retry-After` header, in seconds.
        retry_after: Option<u32>,
    },
    /// Another tab has newer tokens, but they are not in storage yet.
    Superseded,
    /// Nothing was sent, because creating the DPoP proof took too long and another tab may have
    /// taken over.
    SigningTimeout,
    /// Nothing was sent, because the browser's key could not be loaded or used.
    KeyUnavailable,
}

/// Why a request fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The user is not signed in, or signed out while the request was waiting.
    SignedOut,
    /// Another user signed in; the request was not meant for their account.
    AccountChanged,
    /// The access token must be refreshed, which is not possible right now.
    TryLater(TransientError),
}

/// An output of the engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Send the request with this access token.
    Send {
        /// The request.
        request: RequestId,
        /// The token to attach.
        access_token: String,
    },
    /// Return the latest response to the caller of the request.
    Deliver {
        /// The request.
        request: RequestId,
    },
    /// Return an error to the caller of the request.
    Fail {
        /// The request.
        request: RequestId,
        /// The error.
        failure: Failure,
    },
    /// Acquire the refresh lock, then send [`Event::LockAcquired`].
    Lock,
    /// Release the refresh lock.
    Unlock,
    /// Store the idempotency key of the refresh that is about to be sent.
    StoreIdempotencyKey(Pending),
    /// Remove the stored idempotency key.
    RemoveIdempotencyKey,
    /// Send the refresh token, then send [`Event::Replied`].
    Post {
        /// The token to rotate.
        refresh_token: String,
        /// The `Idempotency-Key` of the request.
        key: String,
    },
    /// Store these tokens, as one value.
    StoreTokens(Tokens),
    /// Remove the tokens.
    RemoveTokens,
    /// Wait with increasing backoff, then send [`Event::RetryDue`].
    BackOff {
        /// The zero-based number of the attempt.
        attempt: u32,
        /// The minimum delay in seconds.
        at_least: u32,
    },
    /// Report progress to the observers.
    Report(Progress),
}

/// The progress of a refresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The refresh token is being sent.
    Started,
    /// New tokens were received.
    Refreshed,
    /// Another tab had newer tokens in storage.
    Adopted,
    /// The refresh was refused, which ended the session.
    Ended(Option<ErrorCode>),
    /// The refresh failed and will be retried.
    Delayed(TransientError),
    /// The user signed out, so there is nothing left to refresh.
    Abandoned,
}
