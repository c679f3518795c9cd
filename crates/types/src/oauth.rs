//! Requests and responses of the token endpoints.

use core::fmt;

use serde::{Deserialize, Serialize};

/// A successful token response (RFC 6749 §5.1).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TokenResponse {
    /// The access token, a JWT (RFC 9068).
    pub access_token: String,
    /// `Bearer` (RFC 6750), or `DPoP` (RFC 9449) if the access token is bound to a key.
    pub token_type: String,
    /// Lifetime of the access token in seconds.
    pub expires_in: u64,
    /// The refresh token; replaces the one in the request.
    pub refresh_token: String,
    /// Seconds until the session's absolute end, which no refresh extends.
    pub refresh_expires_in: u64,
    /// Whether the refresh token is bound to the key of the request's DPoP proof.
    #[serde(default)]
    pub bound: bool,
    /// After a sign-in: the local path to return to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub return_to: Option<String>,
}

/// Hides the tokens, so that `{:?}` cannot write them to a log.
impl fmt::Debug for TokenResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenResponse")
            .field("token_type", &self.token_type)
            .field("expires_in", &self.expires_in)
            .field("refresh_expires_in", &self.refresh_expires_in)
            .field("bound", &self.bound)
            .field("return_to", &self.return_to)
            .finish_non_exhaustive()
    }
}

/// The body of `POST /auth/refresh`.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RefreshRequest {
    /// Must be `refresh_token`.
    pub grant_type: String,
    /// The refresh token to rotate.
    pub refresh_token: String,
    /// Requests an access token with this lifetime in seconds; the configured lifetime is the
    /// maximum.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in: Option<u64>,
}

impl fmt::Debug for RefreshRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefreshRequest")
            .field("grant_type", &self.grant_type)
            .field("expires_in", &self.expires_in)
            .finish_non_exhaustive()
    }
}

/// The optional body of `POST /auth/logout`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LogoutRequest {
    /// Whether to end every session of the user instead of only this one.
    #[serde(default)]
    pub everywhere: bool,
}
