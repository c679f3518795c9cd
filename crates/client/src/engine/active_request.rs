//! The state of a request in progress. The transitions are in `request`.

use super::RequestId;

/// A request in progress.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct ActiveRequest {
    pub(super) id: RequestId,
    /// The access token that the request was last sent with or, if it has not been sent yet, the
    /// stored token that has expired. A waiting request is sent once storage has a different one.
    pub(super) last_token: String,
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
    /// Waiting for a newer token, to be sent for the first time or again after a 401.
    Waiting {
        /// Whether it was sent and rejected with a 401.
        unauthorized: bool,
    },
}
