//! Adds the nonce for the next DPoP proof (RFC 9449 §8.2) to every response of the endpoints that
//! return tokens, and to responses that refuse a proof.

use axum::http::{HeaderMap, HeaderValue};
use latchkey_guard::DPOP_NONCE;
use latchkey_types::paths;

use crate::http::error::ApiError;
use crate::services::Services;
use crate::settings::Binding;

/// Whether a response has a nonce.
#[derive(Clone, Copy, Debug)]
pub(super) struct NonceHeader {
    needed: bool,
}

impl NonceHeader {
    /// Decides by the path of the request: if the server accepts proofs, every response of an endpoint
    /// that returns tokens has a nonce.
    pub(super) fn for_path(path: &str, binding: Binding) -> Self {
        Self {
            needed: binding.accepts_proofs()
                && matches!(
                    path,
                    paths::TOKEN | paths::REFRESH | paths::PASSWORD | paths::SIGN_UP
                ),
        }
    }

    /// The response also has a nonce if this error says that a proof was refused. A client whose clock
    /// is wrong can include the nonce in its next proof, to show that the proof is fresh.
    #[must_use]
    pub(super) fn or_for_error(mut self, error: &ApiError) -> Self {
        self.needed |= matches!(error, ApiError::Proof(_));
        self
    }

    /// Adds the header if it is needed.
    pub(super) fn add_to(self, headers: &mut HeaderMap, services: &Services) {
        let proofs = services.guard.proofs();
        if self.needed
            && let Ok(nonce) = HeaderValue::try_from(proofs.nonce(services.clock.now()))
        {
            headers.insert(DPOP_NONCE, nonce);
        }
    }
}
