//! How refusals of DPoP look on the wire (RFC 9449 §5, §7.1, §8).

use axum::http::StatusCode;
use latchkey_tokens::AccessTokenError;
use latchkey_tokens::dpop::ProofError;
use latchkey_types::ErrorCode;

use super::{Parts, access};
use crate::auth::access::AccessError;
use crate::auth::proof::HolderError;

/// At a token endpoint.
pub(super) fn proof(error: ProofError) -> Parts {
    let (code, oauth) = codes(error);
    (StatusCode::BAD_REQUEST, code, oauth)
}

/// Beside an access token.
pub(super) fn holder(error: HolderError) -> Parts {
    let (code, oauth) = match error {
        HolderError::Access(error) => return access(error),
        HolderError::Proof(error) => codes(error),
        HolderError::KeyMismatch => (ErrorCode::KeyMismatch, "invalid_token"),
        HolderError::NotBound => (ErrorCode::TokenInvalid, "invalid_token"),
    };
    (StatusCode::UNAUTHORIZED, code, oauth)
}

fn codes(error: ProofError) -> (ErrorCode, &'static str) {
    match error {
        ProofError::Nonce => (ErrorCode::UseDpopNonce, "use_dpop_nonce"),
        ProofError::Invalid(_) => (ErrorCode::InvalidDpopProof, "invalid_dpop_proof"),
    }
}

/// `WWW-Authenticate`.
pub(super) fn challenge(error: HolderError) -> &'static str {
    match error {
        HolderError::Proof(ProofError::Nonce) => r#"DPoP error="use_dpop_nonce", algs="ES256""#,
        HolderError::Proof(ProofError::Invalid(_)) => {
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
            r#"Bearer realm="latchkey", error="invalid_token", error_description="The access token is bound to no key""#
        }
    }
}
