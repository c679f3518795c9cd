//! The DPoP nonce for the next proof, in responses of the token endpoints (RFC 9449 §8.2).

use axum::http::{HeaderMap, HeaderValue};
use latchkey_guard::DPOP_NONCE;
use latchkey_types::paths;

use crate::http::error::ApiError;
use crate::services::Services;
use crate::settings::Binding;

/// Whether a response carries a nonce.
#[derive(Clone, Copy, Debug)]
pub(super) struct Notes {
    nonce: bool,
}

impl Notes {
    /// For a request to this path: every response of a token endpoint has a nonce.
    pub(super) fn of(path: &str, binding: Binding) -> Self {
        Self {
            nonce: binding.takes_proofs() && matches!(path, paths::TOKEN | paths::REFRESH),
        }
    }

    /// A refused proof comes with the nonce for the next try, so that a client whose clock is wrong
    /// has another way to show that its proof is fresh.
    #[must_use]
    pub(super) fn and_of(mut self, refused: &ApiError) -> Self {
        self.nonce |= matches!(refused, ApiError::Proof(_));
        self
    }

    /// Adds the headers.
    pub(super) fn write(self, headers: &mut HeaderMap, services: &Services) {
        let proofs = services.guard.proofs();
        if self.nonce
            && let Ok(nonce) = HeaderValue::try_from(proofs.nonce(services.clock.now()))
        {
            headers.insert(DPOP_NONCE, nonce);
        }
    }
}
