//! The errors of the demo provider, and their OAuth error codes.

use thiserror::Error;

/// Why a request is refused. The message is for `error_description` and repeats nothing that was
/// sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum DemoError {
    /// A parameter is missing, too long, or has an unsupported value.
    #[error("the parameter `{0}` is missing or invalid; start the sign-in again")]
    Parameter(&'static str),
    /// A parameter occurs twice (RFC 6749 §3.1).
    #[error("a parameter occurs twice; start the sign-in again")]
    Duplicate,
    /// The entered text is not an email address.
    #[error("invalid email address; enter one such as ada@example.com")]
    Email,
    /// Client authentication failed.
    #[error("the client identifier or secret is wrong")]
    Client,
    /// The code is unknown, used, expired, or belongs to another sign-in.
    #[error("the code was already used, has expired, or belongs to another sign-in; start again")]
    Grant,
    /// The grant type is not supported.
    #[error("the only supported grant type is authorization_code")]
    GrantType,
    /// The access token is unknown or has expired.
    #[error("the access token is unknown or has expired")]
    AccessToken,
}

impl DemoError {
    /// The registered error code (RFC 6749 §5.2, RFC 6750 §3.1).
    pub const fn code(self) -> &'static str {
        match self {
            Self::Parameter(_) | Self::Duplicate | Self::Email => "invalid_request",
            Self::Client => "invalid_client",
            Self::Grant => "invalid_grant",
            Self::GrantType => "unsupported_grant_type",
            Self::AccessToken => "invalid_token",
        }
    }

    /// The HTTP status of the response; 401 needs a `WWW-Authenticate` header.
    pub const fn status(self) -> u16 {
        match self {
            Self::Client | Self::AccessToken => 401,
            _ => 400,
        }
    }

    /// The JSON body of the response (RFC 6749 §5.2).
    pub fn to_json(self) -> serde_json::Value {
        serde_json::json!({ "error": self.code(), "error_description": self.to_string() })
    }
}
