//! The reasons to refuse a request, and the responses for them.

use axum::http::header::{HeaderName, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use latchkey_core::UserId;
use latchkey_tokens::AccessTokenError;
use latchkey_tokens::dpop::ProofError;
use latchkey_types::ErrorCode;

use crate::access::AccessError;
use crate::freshness::StaleDenylist;
use crate::problem::{RequestId, problem};
use crate::proof::HolderError;
use crate::step_up::StepUpRequired;

/// The header that carries the nonce for the next proof (RFC 9449 §8.2).
pub const DPOP_NONCE: HeaderName = HeaderName::from_static("dpop-nonce");

/// How long a client should wait before it retries a request after a transient failure, in seconds.
const RETRY_AFTER_SECS: u64 = 2;

/// Why a request is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GuardError {
    /// The request is malformed; for example, it has two `Authorization` headers.
    #[error("{0}")]
    InvalidRequest(&'static str),
    /// The request has no access token.
    #[error("an access token is required; send it as Authorization: Bearer <token>")]
    TokenMissing,
    /// The bearer token is not valid, has expired, or was revoked.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// The access token that was sent with the DPoP scheme is refused, or its proof is missing or
    /// not valid.
    #[error(transparent)]
    Holder(#[from] HolderError),
    /// The sign-in was too long ago (RFC 9470).
    #[error(transparent)]
    StepUp(#[from] StepUpRequired),
    /// The user does not have the role `admin`.
    #[error("the admin role is required")]
    Forbidden(UserId),
    /// The denylist is out of date.
    #[error(transparent)]
    Stale(#[from] StaleDenylist),
    /// The user's current roles cannot be determined. Holds the cause, for the log.
    #[error("cannot determine the user's roles: {0}")]
    RolesUnavailable(String),
}

impl GuardError {
    /// The HTTP status of the response.
    pub fn status(&self) -> StatusCode {
        self.parts().0
    }

    /// The error code in the response.
    pub fn code(&self) -> ErrorCode {
        self.parts().1
    }

    /// The OAuth error code (RFC 6749 §5.2, RFC 6750 §3.1).
    pub fn oauth_code(&self) -> &'static str {
        self.parts().2
    }

    fn parts(&self) -> (StatusCode, ErrorCode, &'static str) {
        use StatusCode as S;
        let unavailable = (
            S::SERVICE_UNAVAILABLE,
            ErrorCode::StoreUnavailable,
            "temporarily_unavailable",
        );
        match self {
            Self::InvalidRequest(_) => {
                (S::BAD_REQUEST, ErrorCode::InvalidRequest, "invalid_request")
            }
            Self::TokenMissing => (S::UNAUTHORIZED, ErrorCode::TokenMissing, "invalid_token"),
            Self::Access(error) | Self::Holder(HolderError::Access(error)) => access(*error),
            Self::Holder(HolderError::Proof(error)) => {
                let (code, oauth) = proof(*error);
                (S::UNAUTHORIZED, code, oauth)
            }
            Self::Holder(HolderError::ProofMissing) => (
                S::UNAUTHORIZED,
                ErrorCode::InvalidDpopProof,
                "invalid_dpop_proof",
            ),
            Self::Holder(HolderError::KeyMismatch) => {
                (S::UNAUTHORIZED, ErrorCode::KeyMismatch, "invalid_token")
            }
            Self::Holder(HolderError::NotBound) => {
                (S::UNAUTHORIZED, ErrorCode::TokenInvalid, "invalid_token")
            }
            Self::StepUp(_) => (
                S::UNAUTHORIZED,
                ErrorCode::StepUpRequired,
                "insufficient_user_authentication",
            ),
            Self::Forbidden(_) => (S::FORBIDDEN, ErrorCode::Forbidden, "insufficient_scope"),
            Self::Stale(_) | Self::RolesUnavailable(_) => unavailable,
        }
    }

    /// The message for the client. Internal causes are logged but not returned.
    pub fn detail(&self) -> String {
        match self {
            Self::Stale(_) | Self::RolesUnavailable(_) => {
                "the store is unavailable; try again later".to_owned()
            }
            error => error.to_string(),
        }
    }

    /// The value of `WWW-Authenticate` (RFC 6750 §3, RFC 9449 §7.1, RFC 9470 §3), if the response
    /// has that header.
    pub fn challenge(&self) -> Option<&'static str> {
        match self {
            Self::TokenMissing => Some(r#"Bearer realm="latchkey""#),
            Self::Access(AccessError::Token(AccessTokenError::Invalid(_))) => Some(
                r#"Bearer realm="latchkey", error="invalid_token", error_description="The access token is invalid""#,
            ),
            Self::Access(AccessError::Token(AccessTokenError::Expired)) => Some(
                r#"Bearer realm="latchkey", error="invalid_token", error_description="The access token expired""#,
            ),
            Self::Access(AccessError::Denied(_)) => Some(
                r#"Bearer realm="latchkey", error="invalid_token", error_description="The access token was revoked""#,
            ),
            Self::Holder(error) => Some(holder_challenge(*error)),
            Self::StepUp(_) => Some(
                r#"Bearer realm="latchkey", error="insufficient_user_authentication", error_description="A more recent sign-in is needed", max_age="600""#,
            ),
            Self::Forbidden(_) => Some(
                r#"Bearer realm="latchkey", error="insufficient_scope", error_description="The admin role is required""#,
            ),
            Self::InvalidRequest(_) | Self::Stale(_) | Self::RolesUnavailable(_) => None,
        }
    }
}

/// The error code and OAuth error code for a DPoP proof that is not valid, at protected resources
/// and at the token endpoints (RFC 9449 §5, §8).
pub fn proof(error: ProofError) -> (ErrorCode, &'static str) {
    match error {
        ProofError::Nonce => (ErrorCode::UseDpopNonce, "use_dpop_nonce"),
        ProofError::Invalid(_) => (ErrorCode::InvalidDpopProof, "invalid_dpop_proof"),
    }
}

fn access(error: AccessError) -> (StatusCode, ErrorCode, &'static str) {
    let code = match error {
        AccessError::Token(AccessTokenError::Invalid(_)) => ErrorCode::TokenInvalid,
        AccessError::Token(AccessTokenError::Expired) => ErrorCode::TokenExpired,
        AccessError::Denied(_) => ErrorCode::TokenRevoked,
    };
    (StatusCode::UNAUTHORIZED, code, "invalid_token")
}

fn holder_challenge(error: HolderError) -> &'static str {
    match error {
        HolderError::Proof(ProofError::Nonce) => r#"DPoP error="use_dpop_nonce", algs="ES256""#,
        HolderError::ProofMissing | HolderError::Proof(ProofError::Invalid(_)) => {
            r#"DPoP error="invalid_dpop_proof", algs="ES256""#
        }
        HolderError::Access(AccessError::Token(AccessTokenError::Invalid(_))) => {
            r#"DPoP error="invalid_token", error_description="The access token is invalid", algs="ES256""#
        }
        HolderError::Access(AccessError::Token(AccessTokenError::Expired)) => {
            r#"DPoP error="invalid_token", error_description="The access token expired", algs="ES256""#
        }
        HolderError::Access(AccessError::Denied(_)) => {
            r#"DPoP error="invalid_token", error_description="The access token was revoked", algs="ES256""#
        }
        HolderError::KeyMismatch => {
            r#"DPoP error="invalid_token", error_description="The access token is bound to a key that did not sign this request", algs="ES256""#
        }
        HolderError::NotBound => {
            r#"Bearer realm="latchkey", error="invalid_token", error_description="The access token is not bound to a key""#
        }
    }
}

/// The rejection of an extractor. Its response is complete without any middleware: status, problem
/// details and `WWW-Authenticate`.
#[derive(Clone, Debug)]
pub struct Rejection {
    /// Why the request is refused.
    pub error: GuardError,
    /// The request id in the response, for the log.
    pub request_id: RequestId,
    /// The nonce for the next attempt, if the proof was refused.
    pub(crate) nonce: Option<String>,
    /// Whether the challenge also offers the DPoP scheme.
    pub(crate) offer_dpop: bool,
}

impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        let Self {
            error, request_id, ..
        } = &self;
        let status = error.status();
        debug_assert!(
            error.code().statuses().contains(&status.as_u16()),
            "docs/errors.md does not list {status} for {error:?}"
        );
        let mut response = problem(status, error.code(), error.detail(), request_id);
        let headers = response.headers_mut();
        if let Some(challenge) = error.challenge() {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        if self.offer_dpop && *error == GuardError::TokenMissing {
            let challenge = HeaderValue::from_static(r#"DPoP algs="ES256""#);
            headers.append(WWW_AUTHENTICATE, challenge);
        }
        if let Some(nonce) = self.nonce.as_deref().map(HeaderValue::from_str)
            && let Ok(nonce) = nonce
        {
            headers.insert(DPOP_NONCE, nonce);
        }
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(RETRY_AFTER, RETRY_AFTER_SECS.into());
        }
        // Middleware reads the rejection from the extensions to log it.
        response.extensions_mut().insert(self);
        response
    }
}
