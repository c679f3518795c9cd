//! Hashes of values that must not be stored, or that are compared by their hash.
//!
//! ```
//! use latchkey_tokens::digest;
//!
//! assert_eq!(digest::idempotency_key("a"), digest::idempotency_key("a"));
//! assert_ne!(digest::idempotency_key("a"), digest::idempotency_key("b"));
//! ```

use aws_lc_rs::digest::{SHA256, digest};
use latchkey_core::LinkHash;
use latchkey_core::session::{KeyHash, Thumbprint};
use serde_json::Value;

/// The hash of an `Idempotency-Key`, as stored in a session.
pub fn idempotency_key(key: &str) -> KeyHash {
    let hash = digest(&SHA256, key.as_bytes());
    let mut short = [0; 16];
    short.copy_from_slice(&hash.as_ref()[..16]);
    KeyHash(short)
}

/// The hash of the token of a one-time link, as stored. The token has 256 random bits, so a plain
/// hash is enough.
pub fn link(token: &str) -> LinkHash {
    LinkHash(sha256(token.as_bytes()))
}

/// The thumbprint of a public key (RFC 7638): the SHA-256 of its required members. `jwk` must have
/// exactly those, in lexicographic order.
pub(crate) fn thumbprint(jwk: &Value) -> Thumbprint {
    Thumbprint(sha256(jwk.to_string().as_bytes()))
}

/// SHA-256.
pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, bytes).as_ref());
    hash
}
