//! Errors on the wire: the OAuth form for the token endpoints, problem details for the rest.

use serde::{Deserialize, Serialize};

/// A stable name for what went wrong. Programs branch on it; people read the sentence beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ErrorCode {
    /// The request is malformed.
    InvalidRequest,
    /// No access token was sent.
    TokenMissing,
    /// The access token is not one of ours, or was altered.
    TokenInvalid,
    /// The access token is past its end: refresh and repeat.
    TokenExpired,
    /// The access token, its session or its user is on the denylist.
    TokenRevoked,
    /// The access token is good, but the person proved who they are too long ago for this: sign in
    /// again, then repeat (RFC 9470).
    StepUpRequired,
    /// The DPoP proof needs the nonce of the `DPoP-Nonce` header beside this answer (RFC 9449 §8).
    UseDpopNonce,
    /// The DPoP proof failed a check (RFC 9449 §4.3).
    InvalidDpopProof,
    /// The server signs in only clients that send a DPoP proof, and there was none.
    DpopProofRequired,
    /// The token is bound to a key, and the request was not signed with that key (RFC 9449 §5).
    KeyMismatch,
    /// The token is good, but not for this.
    Forbidden,
    /// There is nothing at this path.
    NotFound,
    /// The path exists, with another method.
    MethodNotAllowed,
    /// The body is over the limit.
    PayloadTooLarge,
    /// The body is of another media type than the endpoint takes.
    UnsupportedMediaType,
    /// Too many requests; wait for `Retry-After` seconds.
    TooManyRequests,
    /// No provider of this name is configured.
    UnknownProvider,
    /// `return_to` is not a path of this server.
    InvalidReturnTo,
    /// A sign-in cannot be started inside a frame.
    Framed,
    /// This browser has no sign-in under way that fits: none was begun here, it took longer than
    /// ten minutes, or it was finished already.
    SignInNotFound,
    /// The provider did not answer, or not in time.
    ProviderUnavailable,
    /// The provider said no, or the person did.
    ProviderRefused,
    /// The provider's answer failed a check.
    ProviderInvalid,
    /// The person was to prove once more who they are, and signed in with another account.
    OtherAccount,
    /// The account is not on the allow-list.
    NotAdmitted,
    /// A `reason` of `not_admitted`: the provider does not say that it verified the address, so no
    /// list of addresses says anything about the account.
    EmailUnverified,
    /// The account is banned.
    Banned,
    /// The session was ended, or reached its end.
    SessionEnded,
    /// A refresh token was used a second time; the session was ended.
    RefreshReplayed,
    /// Another request rotated this refresh token moments ago; read the stored tokens again.
    Superseded,
    /// The store cannot be reached; nothing was changed.
    StoreUnavailable,
    /// The server took too long.
    Timeout,
    /// A fault of the server; the request id leads to it in the log.
    Internal,
}

impl ErrorCode {
    /// The code as it stands in JSON.
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
    /// What is wrong and what to do, in one sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_description: Option<String>,
    /// Latchkey's finer code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<ErrorCode>,
    /// Which of several causes of that code, where the remedy is another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<ErrorCode>,
    /// Leads to the request in the server's log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

/// An error of every other endpoint, `application/problem+json` (RFC 9457).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// A name for the kind of problem; `about:blank` as the code says it all.
    #[serde(rename = "type")]
    pub kind: String,
    /// The kind of problem in a few words.
    pub title: String,
    /// The HTTP status, repeated.
    pub status: u16,
    /// What is wrong this time and what to do, in one sentence.
    pub detail: String,
    /// The stable code.
    pub code: ErrorCode,
    /// Leads to the request in the server's log.
    pub request_id: String,
}

#[cfg(test)]
mod tests {
    use super::ErrorCode;

    #[test]
    fn the_text_of_a_code_is_the_one_on_the_wire() {
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
