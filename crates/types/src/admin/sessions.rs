//! Sessions in the admin API.

use serde::{Deserialize, Serialize};

/// The response of `GET /api/admin/sessions` and `GET /api/admin/users/{id}/sessions`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AdminSessionList {
    /// The open sessions on this page, newest first. For one user, all sessions are on a single
    /// page. A page of all users' sessions can be shorter than requested, or empty, although more
    /// follow.
    pub sessions: Vec<AdminSession>,
    /// The value of the query parameter `before` that requests the next page; absent on the last
    /// page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// An open session of any user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AdminSession {
    /// The session's id: the `sid` of its tokens.
    pub id: String,
    /// The id of its user.
    pub user: String,
    /// The user's email address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
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
    /// Whether it is bound to a key (RFC 9449).
    pub bound: bool,
}
