//! The state of a request in progress. The transitions are in `request`.

use super::RequestId;

/// A request in progress.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct ActiveRequest {
    pub(super) id: RequestId,
    /// The access token to replace: the one that the request was rejected with or, if it was not
    /// sent yet, the expired one.
    pub(super) stale_token: String,
    /// The user at the start of the request.
    pub(super) account: Option<String>,
    pub(super) state: RequestState,
    /// The retry after a 401 has been used.
    pub(super) retried: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum RequestState {
    /// Sent; waiting for the response.
    Sent,
    /// Not sent; waiting for a newer token.
    Waiting {
        /// Whether the request waits because of a 401.
        unauthorized: bool,
    },
}
