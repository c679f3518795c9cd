//! Hashes that stand for what must not be stored itself, or is compared by its hash.

use aws_lc_rs::digest::{SHA256, digest};
use latchkey_core::session::{KeyHash, Thumbprint};
use serde_json::Value;

/// The hash of an `Idempotency-Key` as sessions remember it.
pub fn idempotency_key(key: &str) -> KeyHash {
    let hash = digest(&SHA256, key.as_bytes());
    let mut short = [0; 16];
    short.copy_from_slice(&hash.as_ref()[..16]);
    KeyHash(short)
}

/// The RFC 7638 thumbprint of a public key: SHA-256 over its required members, which must be all
/// that `jwk` has, in lexicographic order.
pub(crate) fn thumbprint(jwk: &Value) -> Thumbprint {
    Thumbprint(sha256(jwk.to_string().as_bytes()))
}

/// SHA-256.
pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, bytes).as_ref());
    hash
}
