//! The DPoP proof of a request (RFC 9449 §4.1).

use axum::extract::{FromRequestParts, OriginalUri};
use axum::http::HeaderMap;
use axum::http::header::HeaderName;
use axum::http::request::Parts;
use latchkey_core::session::Thumbprint;
use latchkey_tokens::dpop::ProofError;

use crate::http::error::ApiError;
use crate::state::{AppState, State};

const DPOP: HeaderName = HeaderName::from_static("dpop");

/// The key that signed a request to a token endpoint; `None` if it carries no proof, or if this
/// server takes none. It is checked before anything of the request is used up.
#[derive(Clone, Copy, Debug)]
pub struct Proven(pub Option<Thumbprint>);

impl FromRequestParts<AppState> for Proven {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        if !state.config.tokens.binding.takes_proofs() {
            return Ok(Self(None));
        }
        let Some(proof) = header(&parts.headers)? else {
            return Ok(Self(None));
        };
        let now = state.clock.now();
        let key = state
            .proofs
            .key(proof, parts.method.as_str(), &uri(parts, state), now)?;
        Ok(Self(Some(key)))
    }
}

/// The one `DPoP` header, if there is one.
pub(super) fn header(headers: &HeaderMap) -> Result<Option<&str>, ProofError> {
    let mut values = headers.get_all(DPOP).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(ProofError::Invalid("there are two DPoP headers; send one"));
    }
    value
        .to_str()
        .map(Some)
        .map_err(|_| ProofError::Invalid("it is not ASCII text"))
}

/// The request's URI as the world sees it, whatever its `Host` header says.
pub(super) fn uri(parts: &Parts, state: &State) -> String {
    let uri = parts
        .extensions
        .get()
        .map_or(&parts.uri, |OriginalUri(uri)| uri);
    state.public_url.join(uri.path())
}
