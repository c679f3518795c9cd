//! Security events of an account, as the API tells them to its person.

use serde::{Deserialize, Serialize};

/// The answer of `GET /api/activity`, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActivityList {
    /// The events.
    pub events: Vec<Activity>,
    /// The value of the parameter `before` that asks for older ones; absent when there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// Something happened to the account or one of its sessions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Activity {
    /// When, in seconds since 1970.
    pub at: u64,
    /// What.
    pub kind: ActivityKind,
    /// The session it happened to, if it was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<String>,
    /// The browser of the request that caused it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub browser: Option<String>,
    /// The operating system of the request that caused it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
    /// The address of the request that caused it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// For [`ActivityKind::Replayed`]: the address from which the session was used before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other_address: Option<String>,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ActivityKind {
    /// A session was opened.
    SignedIn,
    /// A session was refreshed: many in a row from one place are one event, the latest.
    Refreshed,
    /// A session was ended from itself.
    SignedOut,
    /// A session was ended from another session of the same person.
    EndedRemotely,
    /// Every session was ended at once.
    EndedAll,
    /// Someone used a copy of a refresh token; the session was ended.
    Replayed,
    /// A refresh token of a bound session was presented without its key; nothing was given.
    Unproven,
    /// A token was revoked through the API (RFC 7009).
    Revoked,
    /// The operator ended a session.
    EndedByOperator,
    /// The operator banned the account.
    Banned,
    /// The operator lifted the ban.
    Unbanned,
    /// The session that was not used for longest was ended, to make room for a new one.
    Displaced,
    /// A session was ended because the account is not admitted any more.
    NotAdmitted,
}
