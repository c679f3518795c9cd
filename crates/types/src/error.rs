//! Error responses: OAuth errors for the token endpoints, problem details for all others. Which
//! error a request gets is decided by the server.

use serde::{Deserialize, Serialize};

/// A stable code for what went wrong, for programs to branch on. The text for people is sent
/// beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ErrorCode {
    /// The request is malformed.
    InvalidRequest,
    /// No access token was sent.
    TokenMissing,
    /// The access token was not issued by this server, or was altered.
    TokenInvalid,
    /// The access token has expired: refresh, then repeat the request.
    TokenExpired,
    /// The access token, its session or its user is on the denylist.
    TokenRevoked,
    /// The access token is valid, but the user authenticated too long ago for this request: sign in
    /// again, then repeat the request (RFC 9470).
    StepUpRequired,
    /// The DPoP proof must contain the nonce in this response's `DPoP-Nonce` header (RFC 9449 §8).
    UseDpopNonce,
    /// The DPoP proof failed a check (RFC 9449 §4.3).
    InvalidDpopProof,
    /// The server requires a DPoP proof at sign-in, and the request had none.
    DpopProofRequired,
    /// The token is bound to a key, and the request has no proof by that key (RFC 9449 §5).
    KeyMismatch,
    /// The access token is valid, but does not permit this request.
    Forbidden,
    /// The path does not exist.
    NotFound,
    /// The path exists, but does not support this method.
    MethodNotAllowed,
    /// The request body exceeds the limit.
    PayloadTooLarge,
    /// The endpoint does not accept the media type of the request body.
    UnsupportedMediaType,
    /// Too many requests; wait for `Retry-After` seconds.
    TooManyRequests,
    /// No provider with this id is configured.
    UnknownProvider,
    /// `return_to` is not a path of this server.
    InvalidReturnTo,
    /// A sign-in cannot be started inside a frame.
    Framed,
    /// This browser has no matching sign-in in progress: none was started here, it took longer than
    /// ten minutes, or it was already finished.
    SignInNotFound,
    /// The provider did not respond in time, or not with a valid response.
    ProviderUnavailable,
    /// The provider refused the sign-in, or the user cancelled it there.
    ProviderRefused,
    /// The provider's response failed a check.
    ProviderInvalid,
    /// In a step-up, the user signed in with a different account.
    OtherAccount,
    /// The account is not on the allow-list.
    NotAdmitted,
    /// A `reason` of `not_admitted`: the provider does not say that it verified the email address,
    /// so the address cannot match the allow-list.
    EmailUnverified,
    /// The user is banned.
    Banned,
    /// The session was ended or has expired.
    SessionEnded,
    /// A refresh token was reused; the session was ended.
    RefreshReplayed,
    /// Another request has just rotated this refresh token: read the stored tokens again.
    Superseded,
    /// The store is unavailable; try again later.
    StoreUnavailable,
    /// The server took too long.
    Timeout,
    /// Internal error; the server's log has the details under the request id.
    Internal,
}

impl ErrorCode {
    /// The code as written in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::TokenMissing => "token_missing",
            Self::TokenInvalid => "token_invalid",
            Self::TokenExpired => "token_expired",
            Self::TokenRevoked => "token_revoked",
            Self::StepUpRequired => "step_up_required",
            Self::UseDpopNonce => "use_dpop_nonce",
            Self::InvalidDpopProof => "invalid_dpop_proof",
            Self::DpopProofRequired => "dpop_proof_required",
            Self::KeyMismatch => "key_mismatch",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not_found",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::PayloadTooLarge => "payload_too_large",
            Self::UnsupportedMediaType => "unsupported_media_type",
            Self::TooManyRequests => "too_many_requests",
            Self::UnknownProvider => "unknown_provider",
            Self::InvalidReturnTo => "invalid_return_to",
            Self::Framed => "framed",
            Self::SignInNotFound => "sign_in_not_found",
            Self::ProviderUnavailable => "provider_unavailable",
            Self::ProviderRefused => "provider_refused",
            Self::ProviderInvalid => "provider_invalid",
            Self::OtherAccount => "other_account",
            Self::NotAdmitted => "not_admitted",
            Self::EmailUnverified => "email_unverified",
            Self::Banned => "banned",
            Self::SessionEnded => "session_ended",
            Self::RefreshReplayed => "refresh_replayed",
            Self::Superseded => "superseded",
            Self::StoreUnavailable => "store_unavailable",
            Self::Timeout => "timeout",
            Self::Internal => "internal",
        }
    }
}

/// An error of the token, refresh and revocation endpoints (RFC 6749 §5.2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OAuthError {
    /// The registered code: `invalid_grant`, `invalid_request`, …
    pub error: String,
    /// What is wrong and what to do, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_description: Option<String>,
    /// Latchkey's more specific code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<ErrorCode>,
    /// The cause, for codes whose causes need different remedies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<ErrorCode>,
    /// The id of the request in the server's log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

/// An error of every other endpoint, `application/problem+json` (RFC 9457).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// The problem type; always `about:blank`, since `code` identifies the problem.
    #[serde(rename = "type")]
    pub kind: String,
    /// A short summary of the kind of problem.
    pub title: String,
    /// The HTTP status code of the response.
    pub status: u16,
    /// What is wrong with this request and what to do, for people.
    pub detail: String,
    /// The stable code.
    pub code: ErrorCode,
    /// The id of the request in the server's log.
    pub request_id: String,
}

#[cfg(test)]
mod tests {
    use super::ErrorCode;

    #[test]
    fn as_str_matches_the_serialised_code() {
        for code in [
            ErrorCode::TokenExpired,
            ErrorCode::SignInNotFound,
            ErrorCode::Internal,
        ] {
            let wire = serde_json::to_string(&code).expect("a code serialises");
            assert_eq!(wire, format!("\"{}\"", code.as_str()));
        }
    }
}
