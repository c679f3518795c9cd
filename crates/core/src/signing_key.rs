//! Signing keys as stored: the sealed private key, and the times at which the key is used. Opening
//! and using them is done by `latchkey-tokens`.

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;

/// The signature algorithm of access tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum SigningAlgorithm {
    /// ECDSA over P-256 with SHA-256 (RFC 7518 §3.4).
    #[default]
    ES256,
    /// Ed25519 (RFC 8037 §3.1).
    EdDSA,
}

/// A signing key whose private key is sealed with a key derived from the master key.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedSigningKey {
    /// The thumbprint of the public key (RFC 7638): the `kid` of its tokens.
    pub kid: String,
    /// The signature algorithm.
    pub algorithm: SigningAlgorithm,
    /// The sealed private key, base64url.
    pub sealed: String,
    /// When the key was generated. Its public key is published from then on.
    pub created_at: Timestamp,
    /// When it starts to sign.
    pub signs_from: Timestamp,
    /// When its last token will have expired; set when a successor is generated.
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
