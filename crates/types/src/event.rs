//! What `GET /api/events` streams.

use serde::{Deserialize, Serialize};

use crate::error::ErrorCode;

/// One event of the stream: the `data` of a `text/event-stream` message (HTML, "Server-sent
/// events"), one line of JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum ServerEvent {
    /// The stream is open and up to date.
    Ready,
    /// The session of the token that opened the stream was ended; the stream ends with it.
    SessionEnded {
        /// Why.
        code: ErrorCode,
    },
    /// The account's sessions or its activity changed: what was shown of them may be stale.
    AccountChanged,
}
