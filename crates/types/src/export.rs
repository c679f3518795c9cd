//! The export of an account: what the server stores about a user, without secrets.

use serde::{Deserialize, Serialize};

use crate::activity::ActivityKind;
use crate::identity::IdentityInfo;

/// The response of `GET /api/account/export`. Times are in seconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AccountExport {
    /// When the export was made.
    pub exported_at: u64,
    /// The user.
    pub account: ExportedAccount,
    /// The ways to sign in, oldest first, with the claims of their providers.
    pub identities: Vec<IdentityInfo>,
    /// The live sessions.
    pub sessions: Vec<ExportedSession>,
    /// The security events, newest first.
    pub events: Vec<ExportedEvent>,
}

/// The user in an export.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ExportedAccount {
    /// The user's id.
    pub id: String,
    /// When the user was created.
    pub created_at: u64,
}

/// A live session in an export.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ExportedSession {
    /// The session's id.
    pub id: String,
    /// The id of the provider that authenticated the user.
    pub provider: String,
    /// When the session was opened.
    pub opened_at: u64,
    /// When the user authenticated at the provider, if the provider says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<u64>,
    /// When it was last refreshed, or opened if it never was.
    pub last_seen: u64,
    /// When it expires unless it is refreshed before.
    pub expires_at: u64,
    /// The `User-Agent` header of the sign-in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// The IP address of the sign-in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Whether it is bound to a key (RFC 9449).
    pub bound: bool,
}

/// A security event in an export.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ExportedEvent {
    /// When it happened.
    pub at: u64,
    /// What happened.
    pub kind: ActivityKind,
    /// The session it happened to, if it concerns a single session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<String>,
    /// The `User-Agent` header of the request that caused it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// The IP address of the request that caused it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// For [`ActivityKind::Replayed`]: the IP address at which the session was opened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other_address: Option<String>,
}
