//! The export of an account: what the server stores about a user, without secrets.

use serde::{Deserialize, Serialize};

use crate::activity::ActivityKind;
use crate::admin::AuditOutcome;
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
    /// The stored sessions: live ones, and those that have ended or expired but have not been
    /// removed yet; newest first.
    pub sessions: Vec<ExportedSession>,
    /// The security events, newest first.
    pub events: Vec<ExportedEvent>,
    /// The entries of the audit log about the user, newest first; at most 10,000.
    pub audit: Vec<ExportedRecord>,
}

/// The user in an export.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ExportedAccount {
    /// The user's id.
    pub id: String,
    /// The username of a local account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// The email address of the account: that of the oldest way to sign in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The display name of the account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The domain of the organization that manages the account, if its provider says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hosted_domain: Option<String>,
    /// The roles that an operator granted.
    pub granted_roles: Vec<String>,
    /// When the user was created.
    pub created_at: u64,
    /// The latest ban, if there was one. It has ended: banned users cannot export their data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ban: Option<ExportedBan>,
}

/// A past ban in an export. Its reason is for operators.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ExportedBan {
    /// When the user was banned.
    pub at: u64,
    /// When the ban ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<u64>,
}

/// A session in an export.
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
    /// When it was last refreshed, or when it was opened if it was never refreshed.
    pub last_seen: u64,
    /// When it expires if it is not refreshed, or when it expired.
    pub expires_at: u64,
    /// When it ended, if it ended before it expired.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<u64>,
    /// Why it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_reason: Option<ActivityKind>,
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
    /// For [`ActivityKind::Replayed`]: the IP address from which the session was opened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other_address: Option<String>,
}

/// An entry of the audit log in an export. An operator's action is included without the
/// operator's device and without `detail`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ExportedRecord {
    /// When it happened.
    pub at: u64,
    /// What happened, such as `refreshed`.
    pub kind: String,
    /// How it ended.
    pub outcome: AuditOutcome,
    /// Whether an operator did it.
    pub by_operator: bool,
    /// The session it concerns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<String>,
    /// The id of the provider of a sign-in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// The `User-Agent` header of the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// The IP address of the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The id of the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// Further details, such as why a request was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}
