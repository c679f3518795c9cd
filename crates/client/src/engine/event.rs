//! What the engine hears and what it says.

use latchkey_types::ErrorCode;

use super::{Pending, Tokens};

/// Names one request of this tab, for as long as it is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub u64);

/// What storage holds at the moment of an event.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Stored {
    /// The tokens; `None` when signed out.
    pub tokens: Option<Tokens>,
    /// The idempotency key of a refresh that has not been answered.
    pub pending: Option<Pending>,
}

/// Something happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A request wants to go with an access token.
    Begun {
        /// Which.
        request: RequestId,
        /// The stored access token is known to be past its end: refresh first.
        stale: bool,
    },
    /// A request that was sent has its answer.
    Answered {
        /// Which.
        request: RequestId,
        /// The status was 401. No other status, 403 above all, is cured by a refresh.
        unauthorized: bool,
    },
    /// Nobody waits for this request any more.
    Dropped {
        /// Which.
        request: RequestId,
    },
    /// A refresh is wanted that no request waits for.
    Wanted(Cause),
    /// The lock that all tabs share is ours.
    Locked {
        /// Fresh randomness, for the case that a new idempotency key is needed.
        fresh_key: String,
    },
    /// The token endpoint answered, or could not.
    Replied(Reply),
    /// Another tab, or a sign-in or sign-out of this one, changed storage.
    Changed,
    /// The back-off is over, or the network came back.
    Due,
}

/// Why a refresh is wanted that no request waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The access token is near its end. Newer tokens of another tab do as well.
    AheadOfExpiry,
    /// A person asked: refresh whatever is stored.
    Asked,
}

/// The answer of the token endpoint, reduced to what the decision needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Success.
    Tokens(Tokens),
    /// An explicit `invalid_grant`: the only answer that can end a session.
    Refused(Option<ErrorCode>),
    /// 409: another tab won, read storage again.
    Superseded,
    /// Everything else: no answer, 5xx, 429, an answer that makes no sense.
    Unavailable(Trouble),
}

/// Why the server cannot say yes or no right now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Trouble {
    /// No answer: the network or the server is down.
    Unreachable,
    /// It answered that it cannot (5xx), or nothing that makes sense.
    Unwell,
    /// It asks for patience (429).
    Busy {
        /// Seconds to wait, if it said so.
        retry_after: Option<u32>,
    },
    /// Another tab holds the newer tokens, but they have not come to storage yet.
    Superseded,
    /// Nothing was sent: this browser was too busy, and another tab may have taken over by now.
    Late,
}

/// Why a request is given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// There are no tokens (any more).
    SignedOut,
    /// Another account signed in meanwhile; the request was not meant for it.
    AccountChanged,
    /// A fresh token is needed and cannot be had right now.
    TryLater(Trouble),
}

/// Do this.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Send the request with this access token.
    Send {
        /// Which.
        request: RequestId,
        /// The token to attach.
        access_token: String,
    },
    /// Give the request's latest answer to whoever waits for it.
    Deliver {
        /// Which.
        request: RequestId,
    },
    /// Tell whoever waits that the request is given up.
    Fail {
        /// Which.
        request: RequestId,
        /// Why.
        failure: Failure,
    },
    /// Take the lock that all tabs share; then [`Event::Locked`].
    Lock,
    /// Let go of it.
    Unlock,
    /// Store the key of the refresh that is about to be sent.
    RememberKey(Pending),
    /// Remove it.
    ForgetKey,
    /// Send the refresh token; then [`Event::Replied`].
    Post {
        /// The token to rotate.
        refresh_token: String,
        /// The request's `Idempotency-Key`.
        key: String,
    },
    /// Store these tokens, as one value.
    StoreTokens(Tokens),
    /// Remove the tokens.
    ClearTokens,
    /// Wait, longer with each attempt; then [`Event::Due`].
    BackOff {
        /// Counts from zero.
        attempt: u32,
        /// Not shorter than this many seconds.
        at_least: u32,
    },
    /// For those who watch.
    Tell(Progress),
}

/// How a refresh goes, for those who watch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The refresh token is being sent.
    Begun,
    /// New tokens came.
    Refreshed,
    /// Another tab had newer tokens in storage.
    Adopted,
    /// The server ended the session.
    Ended(Option<ErrorCode>),
    /// To be tried again.
    Delayed(Trouble),
    /// There is nothing to refresh any more: signed out meanwhile.
    Abandoned,
}
