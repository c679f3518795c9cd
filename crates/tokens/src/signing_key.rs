//! A signing key: generating it, sealing it for the store, opening it, and its published form.
//!
//! ```
//! use latchkey_core::{SigningAlgorithm, Timestamp};
//! use latchkey_tokens::{MasterKey, SigningKey, SystemRng};
//!
//! let master = MasterKey::random(&SystemRng);
//! let now = Timestamp::from_secs(1_800_000_000);
//! let sealed = SigningKey::generate(SigningAlgorithm::EdDSA, &master, now, now)?;
//!
//! let key = SigningKey::open(&sealed, &master)?;
//! assert_eq!(key.jwk()["kid"], key.kid());
//! assert!(SigningKey::open(&sealed, &MasterKey::random(&SystemRng)).is_err());
//! # Ok::<(), latchkey_tokens::KeyError>(())
//! ```

use core::fmt;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use latchkey_core::{SealedSigningKey, SigningAlgorithm, Timestamp};
use serde_json::{Value, json};

use crate::digest;
use crate::master_key::MasterKey;

/// A signing key could not be generated, opened or used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The key was sealed with another master key, or altered.
    #[error(
        "signing key {kid} cannot be opened: it was sealed with another master key, or altered; \
         start the server with the master key that this store was created with"
    )]
    Sealed {
        /// The id of the key.
        kid: String,
    },
    /// The cryptographic library could not generate the key, or refused it.
    #[error("signing key {kid} is not usable: {reason}")]
    Unusable {
        /// The id of the key.
        kid: String,
        /// What failed.
        reason: String,
    },
    /// The store has no signing key.
    #[error("the store has no signing key")]
    Empty,
}

/// An opened signing key.
pub struct SigningKey {
    kid: String,
    algorithm: SigningAlgorithm,
    created_at: Timestamp,
    signs_from: Timestamp,
    verifies_until: Option<Timestamp>,
    pub(crate) encoding: EncodingKey,
    pub(crate) decoding: DecodingKey,
    jwk: Value,
}

impl SigningKey {
    /// Generates a key and seals it. Once stored, it is published; it signs from `signs_from` on.
    pub fn generate(
        algorithm: SigningAlgorithm,
        master: &MasterKey,
        now: Timestamp,
        signs_from: Timestamp,
    ) -> Result<SealedSigningKey, KeyError> {
        let rng = SystemRandom::new();
        let pkcs8 = match algorithm {
            SigningAlgorithm::ES256 => {
                EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &rng)
            }
            SigningAlgorithm::EdDSA => Ed25519KeyPair::generate_pkcs8(&rng),
        }
        .map_err(|_| unusable("(new)", "the random number generator failed"))?;
        let jwk = public_jwk(algorithm, pkcs8.as_ref(), "(new)")?;
        let kid = URL_SAFE_NO_PAD.encode(digest::thumbprint(&jwk).0);
        Ok(SealedSigningKey {
            sealed: master.seal(&kid, pkcs8.as_ref()),
            kid,
            algorithm,
            created_at: now,
            signs_from,
            verifies_until: None,
        })
    }

    /// Opens a sealed key.
    pub fn open(sealed: &SealedSigningKey, master: &MasterKey) -> Result<Self, KeyError> {
        let kid = sealed.kid.clone();
        let pkcs8 = master
            .open(&kid, &sealed.sealed)
            .map_err(|_| KeyError::Sealed { kid: kid.clone() })?;
        let mut jwk = public_jwk(sealed.algorithm, &pkcs8, &kid)?;
        let member = |name: &str| jwk[name].as_str().unwrap_or_default();
        let (encoding, decoding) = match sealed.algorithm {
            SigningAlgorithm::ES256 => (
                EncodingKey::from_ec_der(&pkcs8),
                DecodingKey::from_ec_components(member("x"), member("y")),
            ),
            SigningAlgorithm::EdDSA => (
                EncodingKey::from_ed_der(&pkcs8),
                DecodingKey::from_ed_components(member("x")),
            ),
        };
        let decoding = decoding.map_err(|error| unusable(&kid, &error.to_string()))?;
        jwk["kid"] = json!(kid);
        jwk["use"] = json!("sig");
        jwk["alg"] = json!(algorithm_name(sealed.algorithm));
        Ok(Self {
            kid,
            algorithm: sealed.algorithm,
            created_at: sealed.created_at,
            signs_from: sealed.signs_from,
            verifies_until: sealed.verifies_until,
            encoding,
            decoding,
            jwk,
        })
    }

    /// The id of the key: the thumbprint of its public key (RFC 7638).
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The signature algorithm.
    pub const fn algorithm(&self) -> SigningAlgorithm {
        self.algorithm
    }

    /// When it was generated.
    pub const fn created_at(&self) -> Timestamp {
        self.created_at
    }

    /// When it starts to sign.
    pub const fn signs_from(&self) -> Timestamp {
        self.signs_from
    }

    /// When its last token will have expired; `None` while it has no successor.
    pub const fn verifies_until(&self) -> Option<Timestamp> {
        self.verifies_until
    }

    /// Whether tokens signed with it may still be valid.
    pub fn verifies(&self, now: Timestamp) -> bool {
        self.verifies_until.is_none_or(|until| now < until)
    }

    /// The public key as a JWK (RFC 7517).
    pub const fn jwk(&self) -> &Value {
        &self.jwk
    }

    pub(crate) const fn jwt_algorithm(&self) -> Algorithm {
        match self.algorithm {
            SigningAlgorithm::ES256 => Algorithm::ES256,
            SigningAlgorithm::EdDSA => Algorithm::EdDSA,
        }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("kid", &self.kid)
            .finish_non_exhaustive()
    }
}

/// The name of the algorithm in a JWT header (RFC 7518, RFC 8037).
pub(crate) const fn algorithm_name(algorithm: SigningAlgorithm) -> &'static str {
    match algorithm {
        SigningAlgorithm::ES256 => "ES256",
        SigningAlgorithm::EdDSA => "EdDSA",
    }
}

/// The members of the public key that its thumbprint is computed over.
fn public_jwk(algorithm: SigningAlgorithm, pkcs8: &[u8], kid: &str) -> Result<Value, KeyError> {
    let refused = |error: aws_lc_rs::error::KeyRejected| unusable(kid, &error.to_string());
    match algorithm {
        SigningAlgorithm::ES256 => {
            let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8)
                .map_err(refused)?;
            let point = pair.public_key().as_ref();
            Ok(json!({
                "crv": "P-256",
                "kty": "EC",
                "x": URL_SAFE_NO_PAD.encode(&point[1..33]),
                "y": URL_SAFE_NO_PAD.encode(&point[33..65]),
            }))
        }
        SigningAlgorithm::EdDSA => {
            let pair = Ed25519KeyPair::from_pkcs8(pkcs8).map_err(refused)?;
            let x = URL_SAFE_NO_PAD.encode(pair.public_key().as_ref());
            Ok(json!({ "crv": "Ed25519", "kty": "OKP", "x": x }))
        }
    }
}

fn unusable(kid: &str, reason: &str) -> KeyError {
    KeyError::Unusable {
        kid: kid.to_owned(),
        reason: reason.to_owned(),
    }
}
