//! What answers say about DPoP by themselves (RFC 9449 §7.1, §8.2): the nonce for the next proof,
//! and that the scheme is taken.

use axum::http::header::{HeaderName, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;
use latchkey_types::paths;

use crate::auth::proof::HolderError;
use crate::config::Binding;
use crate::http::error::ApiError;
use crate::state::State;

const DPOP_NONCE: HeaderName = HeaderName::from_static("dpop-nonce");

/// What one answer says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Notes {
    nonce: bool,
    scheme: bool,
}

impl Notes {
    /// Of a request to this path: every answer of a token endpoint has a nonce.
    pub(super) fn of(path: &str, binding: Binding) -> Self {
        Self {
            nonce: binding.takes_proofs() && matches!(path, paths::TOKEN | paths::REFRESH),
            scheme: false,
        }
    }

    /// A refused proof is told the nonce to try again with: also elsewhere, so that a client whose
    /// clock is wrong has another way to show that its proof is fresh.
    #[must_use]
    pub(super) fn and_of(mut self, refused: &Response, binding: Binding) -> Self {
        match refused.extensions().get::<ApiError>() {
            Some(ApiError::Proof(_) | ApiError::Holder(HolderError::Proof(_))) => self.nonce = true,
            Some(ApiError::TokenMissing) => self.scheme = binding.binds_access_tokens(),
            _ => {}
        }
        self
    }

    /// Writes it.
    pub(super) fn write(self, headers: &mut HeaderMap, state: &State) {
        if self.nonce
            && let Ok(nonce) = HeaderValue::try_from(state.proofs.nonce(state.clock.now()))
        {
            headers.insert(DPOP_NONCE, nonce);
        }
        if self.scheme {
            let challenge = HeaderValue::from_static(r#"DPoP algs="ES256""#);
            headers.append(WWW_AUTHENTICATE, challenge);
        }
    }
}
