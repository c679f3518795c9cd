//! The person's sessions, as the API lists them.

use serde::{Deserialize, Serialize};

/// The answer of `GET /api/sessions`: every live session of the account, this one first, then by
/// last use, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionList {
    /// The sessions.
    pub sessions: Vec<SessionInfo>,
}

/// One signed-in browser or program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionInfo {
    /// Its id: the `sid` of its tokens.
    pub id: String,
    /// Whether the access token of this very request belongs to it.
    pub current: bool,
    /// The browser it was opened with, such as `Firefox 145`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub browser: Option<String>,
    /// The operating system it was opened on, such as `Windows`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
    /// The address of its sign-in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The id of the provider that vouched for the person.
    pub provider: String,
    /// When it was opened, in seconds since 1970.
    pub opened_at: u64,
    /// When it was last refreshed, or else opened, in seconds since 1970.
    pub last_seen: u64,
    /// When it ends unless it is refreshed before, in seconds since 1970.
    pub expires_at: u64,
    /// Whether it is bound to a key that never leaves its browser (RFC 9449).
    pub bound: bool,
}
