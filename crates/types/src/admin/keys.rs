//! The signing keys in the admin API.

use serde::{Deserialize, Serialize};

/// The response of `GET /api/admin/keys`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AdminKeyList {
    /// The keys, newest first.
    pub keys: Vec<AdminKey>,
}

/// A key for signing access tokens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AdminKey {
    /// The id of the key.
    pub kid: String,
    /// The signature algorithm, such as `ES256`.
    pub algorithm: String,
    /// When it was created, in seconds since 1970.
    pub created_at: u64,
    /// When it starts to sign, in seconds since 1970.
    pub signs_from: u64,
    /// What it is used for now.
    pub state: KeyState,
    /// When it is removed, in seconds since 1970; absent until a successor is created.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<u64>,
}

/// The response of `POST /api/admin/keys`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct KeyRotated {
    /// The id of the newest key.
    pub kid: String,
}

/// What a signing key is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum KeyState {
    /// Published, but not signing yet.
    Next,
    /// Signs access tokens.
    Signing,
    /// Only verifies tokens that it has signed.
    Retired,
}
