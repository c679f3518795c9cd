//! Signing keys as the store keeps them: sealed, with the times that govern them.

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;

/// How access tokens are signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum SigningAlgorithm {
    /// ECDSA over P-256 with SHA-256 (RFC 7518 §3.4).
    #[default]
    ES256,
    /// Ed25519 (RFC 8037 §3.1).
    EdDSA,
}

/// A signing key. Its private half is sealed with a key that only the master key gives.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedSigningKey {
    /// The RFC 7638 thumbprint of the public half: the `kid` of its tokens.
    pub kid: String,
    /// What it signs with.
    pub algorithm: SigningAlgorithm,
    /// The private half, sealed; base64url.
    pub sealed: String,
    /// When it was made; it is published from then on.
    pub created_at: Timestamp,
    /// When it begins to sign.
    pub signs_from: Timestamp,
    /// When its last token has expired; set when a successor is made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verifies_until: Option<Timestamp>,
}

impl fmt::Debug for SealedSigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealedSigningKey")
            .field("kid", &self.kid)
            .field("algorithm", &self.algorithm)
            .field("signs_from", &self.signs_from)
            .field("verifies_until", &self.verifies_until)
            .finish_non_exhaustive()
    }
}
