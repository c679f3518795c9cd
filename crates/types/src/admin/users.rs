//! Users in the admin API.

use serde::{Deserialize, Serialize};

/// The response of `GET /api/admin/users`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AdminUserList {
    /// The users of this page; without a search, the newest first. A page can be shorter than
    /// requested, or empty, although there are more users.
    pub users: Vec<AdminUser>,
    /// The value of the query parameter `before` that requests the next page; absent on the last
    /// page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// A user, as administrators see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AdminUser {
    /// The id of the user; it never changes.
    pub id: String,
    /// The username of a local account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// The email address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Whether the address is verified; present if `email` is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email_verified: Option<bool>,
    /// The display name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The id of the provider of the oldest identity, or its issuer if it is no longer configured.
    pub provider: String,
    /// The identities of the user, oldest first, including suspended ones.
    pub identities: Vec<AdminIdentity>,
    /// The roles from the configuration and the granted roles. An embedding application may add
    /// others to access tokens.
    pub roles: Vec<String>,
    /// The roles that an operator granted.
    pub granted_roles: Vec<String>,
    /// When the user was created, in seconds since 1970.
    pub created_at: u64,
    /// The ban, if the user is banned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ban: Option<AdminBan>,
}

/// An account at a provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AdminIdentity {
    /// The id of the provider in the configuration, or the issuer if it is no longer configured.
    pub provider: String,
    /// The issuer of the identity.
    pub issuer: String,
    /// The id of the account at the issuer.
    pub subject: String,
}

/// A ban in effect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AdminBan {
    /// When the user was banned, in seconds since 1970.
    pub at: u64,
    /// The reason that the operator gave.
    pub reason: String,
    /// When the ban ends, in seconds since 1970; absent if it has no end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<u64>,
}

/// The body of `PUT /api/admin/users/{id}/roles`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RolesRequest {
    /// The roles to grant: at most 32, each of 1 to 64 characters from `a-z`, `0-9`, `.`, `_`, `-` and
    /// `:`. They replace the roles granted before.
    pub roles: Vec<String>,
}
