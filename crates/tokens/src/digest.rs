//! Hashes that stand in records for what must not be stored itself.

use aws_lc_rs::digest::{SHA256, digest};
use latchkey_core::session::KeyHash;

/// The hash of an `Idempotency-Key` as sessions remember it.
pub fn idempotency_key(key: &str) -> KeyHash {
    let hash = digest(&SHA256, key.as_bytes());
    let mut short = [0; 16];
    short.copy_from_slice(&hash.as_ref()[..16]);
    KeyHash(short)
}
