//! The signed-in account, as the API shows it.

use serde::{Deserialize, Serialize};

/// The answer of `GET /api/me`: what the presented access token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Me {
    /// The user's id, stable for the life of the account.
    pub sub: String,
    /// The email address the provider gave, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Whether the provider has verified that address; present beside `email`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email_verified: Option<bool>,
    /// The name to show, if the provider gave one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Roles: `admin` or none.
    pub roles: Vec<String>,
    /// The session of this token.
    pub session_id: String,
    /// When the person proved who they are, in seconds since 1970, if the provider says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<u64>,
    /// When this access token was issued, in seconds since 1970.
    pub issued_at: u64,
    /// When this access token expires, in seconds since 1970.
    pub expires_at: u64,
}
