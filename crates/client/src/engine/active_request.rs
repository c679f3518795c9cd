//! What the engine knows of a request under way; what happens to one is in `request`.

use super::RequestId;

/// A request under way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct ActiveRequest {
    pub(super) id: RequestId,
    /// The access token that is no good for it: the one it was refused with, or, before it was
    /// ever sent, the one known to be past its end.
    pub(super) token: String,
    /// Whose tokens it began with.
    pub(super) account: Option<String>,
    pub(super) place: Place,
    /// The one retry after a 401 is spent.
    pub(super) retried: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Place {
    /// With the server.
    Sent,
    /// Here, until there is a newer token.
    Waiting {
        /// Because of a 401.
        refused: bool,
    },
}
