//! The user's sessions in the API.

use serde::{Deserialize, Serialize};

/// The response of `GET /api/sessions`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SessionList {
    /// Every open session of the user: the current one first, then by last use, newest first.
    pub sessions: Vec<SessionInfo>,
}

/// One signed-in browser or program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SessionInfo {
    /// The session's id: the `sid` of its tokens.
    pub id: String,
    /// Whether it is the session of the request's access token.
    pub current: bool,
    /// The browser it was opened with, such as `Firefox 145`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub browser: Option<String>,
    /// The operating system it was opened on, such as `Windows`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
    /// The IP address of its sign-in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The id of the provider that authenticated the user.
    pub provider: String,
    /// When it was opened, in seconds since 1970.
    pub opened_at: u64,
    /// When it was last refreshed, or opened if it was never refreshed, in seconds since 1970.
    pub last_seen: u64,
    /// When it expires if it is not refreshed, in seconds since 1970.
    pub expires_at: u64,
    /// Whether it is bound to a key (RFC 9449), which never leaves the browser.
    pub bound: bool,
}
