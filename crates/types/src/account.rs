//! The signed-in user in the API.

use serde::{Deserialize, Serialize};

/// The response of `GET /api/me`: the claims of the access token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Me {
    /// The user's id; it never changes.
    pub sub: String,
    /// The email address the provider gave, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Whether the provider has verified that address; present if `email` is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email_verified: Option<bool>,
    /// The display name, if the provider gave one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The user's roles: `admin` by configuration, the granted roles, and those that an embedding
    /// application adds.
    pub roles: Vec<String>,
    /// The session of the access token.
    pub session_id: String,
    /// When the user authenticated at the provider, if the provider says so; seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<u64>,
    /// When the access token was issued, in seconds since 1970.
    pub issued_at: u64,
    /// When the access token expires, in seconds since 1970.
    pub expires_at: u64,
}
