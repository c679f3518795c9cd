//! The DPoP proof of a request (RFC 9449 §4.1).

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use latchkey_core::session::Thumbprint;
use latchkey_guard::proof_header;

use crate::http::error::ApiError;
use crate::http::state::AppState;

/// The thumbprint of the key that signed the DPoP proof of a request to a token endpoint; `None` if
/// the request has no proof or DPoP is disabled. The proof is verified before a code or token of the
/// request is used up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Proven(pub Option<Thumbprint>);

impl FromRequestParts<AppState> for Proven {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let services = &state.services;
        if !services.settings.tokens.binding.accepts_proofs() {
            return Ok(Self(None));
        }
        let Some(proof) = proof_header(&parts.headers)? else {
            return Ok(Self(None));
        };
        let now = services.clock.now();
        let uri = services.guard.proof_uri(parts);
        let proofs = services.guard.proofs();
        let key = proofs.key(proof, parts.method.as_str(), &uri, now)?;
        Ok(Self(Some(key)))
    }
}
