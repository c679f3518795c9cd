//! PKCE (RFC 7636), with the method `S256`.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::validation_error::ValidationError;

/// The `code_challenge` of this verifier, which must be 43 to 128 characters long (RFC 7636 §4.1).
pub(crate) fn challenge(verifier: &str) -> Result<String, ValidationError> {
    if !(43..=128).contains(&verifier.len()) {
        return Err(ValidationError::Verifier);
    }
    Ok(URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes())))
}
