//! The events streamed by `GET /api/events`.

use serde::{Deserialize, Serialize};

use crate::error::ErrorCode;

/// One event of the stream: a line of JSON, sent as the `data` of a server-sent event
/// (`text/event-stream`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum ServerEvent {
    /// The stream is open and up to date.
    Ready,
    /// The session of the access token that opened the stream was ended; the stream ends too.
    SessionEnded {
        /// Why the session was ended.
        code: ErrorCode,
    },
    /// The user's sessions or activity changed; data fetched before may be stale.
    AccountChanged,
}
