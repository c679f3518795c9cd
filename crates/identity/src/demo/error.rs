//! What the demo provider refuses, in OAuth's words.

use thiserror::Error;

/// A refused request. The text is for a page or for `error_description`; it repeats nothing that
/// was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum DemoError {
    /// A parameter is missing, too long, or has another value than the one supported.
    #[error("the parameter `{0}` is missing or not acceptable; start the sign-in again")]
    Parameter(&'static str),
    /// A parameter occurs twice (RFC 6749 §3.1).
    #[error("a parameter occurs twice; start the sign-in again")]
    Repeated,
    /// What was typed is not an email address.
    #[error("that is not an email address; write one such as ada@example.com")]
    Email,
    /// The client did not prove who it is.
    #[error("the client identifier or its secret is wrong")]
    Client,
    /// The code is unknown, used, expired, or of another sign-in.
    #[error("the code is used up, expired, or belongs to another sign-in; start again")]
    Grant,
    /// Only codes can be exchanged.
    #[error("the only grant type is authorization_code")]
    GrantType,
    /// The access token is not one that was given out, or has expired.
    #[error("the access token is unknown or expired")]
    AccessToken,
}

impl DemoError {
    /// The registered error code (RFC 6749 §5.2, RFC 6750 §3.1).
    pub const fn code(self) -> &'static str {
        match self {
            Self::Parameter(_) | Self::Repeated | Self::Email => "invalid_request",
            Self::Client => "invalid_client",
            Self::Grant => "invalid_grant",
            Self::GrantType => "unsupported_grant_type",
            Self::AccessToken => "invalid_token",
        }
    }

    /// The HTTP status to answer with; 401 wants a `WWW-Authenticate` header beside it.
    pub const fn status(self) -> u16 {
        match self {
            Self::Client | Self::AccessToken => 401,
            _ => 400,
        }
    }

    /// The body of the answer of an endpoint for programs (RFC 6749 §5.2).
    pub fn to_json(self) -> serde_json::Value {
        serde_json::json!({ "error": self.code(), "error_description": self.to_string() })
    }
}
