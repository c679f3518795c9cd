//! DPoP proofs (RFC 9449): evidence that the sender of a request holds a private key.
//!
//! A proof is a JWS about one request, signed with that key, with the public key in its header.
//! Whether a proof was used before is not checked here: the replay cache is the caller's.
//!
//! ```
//! use core::time::Duration;
//!
//! use aws_lc_rs::rand::SystemRandom;
//! use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
//! use base64::Engine;
//! use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
//! use latchkey_core::Timestamp;
//! use latchkey_tokens::dpop::{Proofs, Request};
//! use latchkey_tokens::{MasterKey, SystemRng};
//! use serde_json::json;
//!
//! let now = Timestamp::from_secs(1_800_000_000);
//! let proofs = Proofs::new(&MasterKey::random(&SystemRng), Duration::from_secs(300));
//!
//! // The client signs a proof about its request, with the nonce that the server gave it.
//! let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)?;
//! let (x, y) = key.public_key().as_ref()[1..].split_at(32);
//! let jwk = json!({ "kty": "EC", "crv": "P-256", "x": B64.encode(x), "y": B64.encode(y) });
//! let header = json!({ "typ": "dpop+jwt", "alg": "ES256", "jwk": jwk });
//! let claims = json!({
//!     "jti": "random", "htm": "POST", "htu": "https://id.example/auth/token",
//!     "iat": now.as_secs(), "nonce": proofs.nonce(now),
//! });
//! let message =
//!     format!("{}.{}", B64.encode(header.to_string()), B64.encode(claims.to_string()));
//! let signature = key.sign(&SystemRandom::new(), message.as_bytes())?;
//! let proof = format!("{message}.{}", B64.encode(signature));
//!
//! let request = Request {
//!     method: "POST",
//!     uri: "https://id.example/auth/token",
//!     access_token: None,
//! };
//! let proof = proofs.verify(&proof, &request, now)?;
//! assert!(proof.usable_until > now);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod key;
mod nonce;
mod uri;

use core::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm;
use latchkey_core::Timestamp;
use latchkey_core::session::Thumbprint;
use serde::Deserialize;
use serde::de::IgnoredAny;

use self::key::{Jwk, PublicKey};
use crate::digest::sha256;
use crate::jws::Unverified;
use crate::master_key::MasterKey;

pub use self::nonce::Nonces;

/// The only accepted algorithm of proofs; WebCrypto supports it in every browser.
pub const ALGORITHM: &str = "ES256";

/// How far the `iat` of a proof without a nonce may be from the current time, in either direction.
/// This bounds how long the replay cache must remember such a proof.
pub const TOLERANCE: Duration = Duration::from_mins(1);

/// How far the `iat` of a proof with a nonce may be from the current time. The nonce shows the
/// proof's age (RFC 9449 §4.3, check 11), so this is wide enough for clients whose clock or time
/// zone is wrong.
pub const TOLERANCE_WITH_NONCE: Duration = Duration::from_hours(24);

/// The longest `jti`, in characters.
pub const MAX_JTI: usize = 128;

const TYPE: &str = "dpop+jwt";

/// The request that a proof must match.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The method.
    pub method: &'a str,
    /// The public URI; query and fragment are ignored.
    pub uri: &'a str,
    /// The access token in the request. With one, the proof must contain its hash (`ath`) and needs
    /// no nonce. Without one, the proof must contain a nonce.
    pub access_token: Option<&'a str>,
}

/// A valid proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The key that signed it.
    pub key: Thumbprint,
    /// Identifies the proof in the replay cache: a hash of key and `jti`.
    pub id: ProofId,
    /// When the proof expires; until then the replay cache must remember it.
    pub usable_until: Timestamp,
}

/// The first 128 bits of the SHA-256 of a key's thumbprint and a `jti`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProofId(pub [u8; 16]);

/// Why a proof is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// It lacks a required nonce, or its nonce is neither that of the current nor that of the previous
    /// window.
    #[error("the DPoP proof must contain the nonce in this response's DPoP-Nonce header")]
    Nonce,
    /// A check failed.
    #[error("the DPoP proof is invalid: {0}")]
    Invalid(&'static str),
}

/// Verifies proofs.
#[derive(Debug)]
pub struct Proofs {
    nonces: Nonces,
}

/// The key must be in `jwk`. Members that name another one (`jku`, `x5c`, …) and `crit` are refused.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    typ: String,
    alg: String,
    jwk: Jwk,
    /// Accepted and ignored.
    #[serde(rename = "kid", default)]
    _kid: IgnoredAny,
}

/// Other claims are ignored (RFC 9449 §4.2 allows them).
#[derive(Deserialize)]
struct Claims {
    jti: String,
    htm: String,
    htu: String,
    iat: u64,
    #[serde(default)]
    nonce: Option<String>,
    #[serde(default)]
    ath: Option<String>,
}

impl Proofs {
    /// Derives the key of the nonces from the master key. Each nonce is issued for `nonce_window`
    /// and accepted during the next window too.
    pub fn new(master: &MasterKey, nonce_window: Duration) -> Self {
        Self {
            nonces: Nonces::new(master, nonce_window),
        }
    }

    /// The current nonce.
    pub fn nonce(&self, now: Timestamp) -> String {
        self.nonces.issue(now)
    }

    /// Performs every check of RFC 9449 §4.3 except two: that the request has only one proof, and that
    /// the access token is bound to the proof's key. Nor does it check whether the proof was used
    /// before (§11.1). The caller must perform these three checks.
    pub fn verify(
        &self,
        proof: &str,
        request: &Request<'_>,
        now: Timestamp,
    ) -> Result<Proof, ProofError> {
        let (key, claims) = read(proof).map_err(ProofError::Invalid)?;
        claims.check(request).map_err(ProofError::Invalid)?;
        let usable_until = self.fresh_until(&claims, request, now)?;
        Ok(Proof {
            id: id(key, &claims.jti),
            key,
            usable_until,
        })
    }

    /// When the proof expires, if it is fresh now.
    fn fresh_until(
        &self,
        claims: &Claims,
        request: &Request<'_>,
        now: Timestamp,
    ) -> Result<Timestamp, ProofError> {
        let issued_at = Timestamp::from_secs(claims.iat);
        let (until, tolerance) = match &claims.nonce {
            Some(nonce) => {
                let until = self.nonces.valid_until(nonce, now);
                (until.ok_or(ProofError::Nonce)?, TOLERANCE_WITH_NONCE)
            }
            None if request.access_token.is_none() => return Err(ProofError::Nonce),
            None => (issued_at.plus(TOLERANCE), TOLERANCE),
        };
        if now.since(issued_at) >= tolerance || issued_at.since(now) > tolerance {
            return Err(ProofError::Invalid(
                "`iat` is too far from the server's time",
            ));
        }
        Ok(until)
    }
}

/// The key in the proof and the claims signed with it.
fn read(proof: &str) -> Result<(Thumbprint, Claims), &'static str> {
    let proof = Unverified::<Header>::parse(proof)?;
    if proof.header.typ != TYPE {
        return Err("`typ` is not dpop+jwt");
    }
    if proof.header.alg != ALGORITHM {
        return Err("`alg` is not ES256");
    }
    let PublicKey {
        decoding,
        thumbprint,
    } = proof.header.jwk.public_key()?;
    // Both values of `s` are allowed: proofs are distinguished by `jti`, not by their text.
    let claims = proof.verify_foreign(&decoding, Algorithm::ES256)?;
    Ok((thumbprint, claims))
}

impl Claims {
    /// Checks everything that does not depend on the time.
    fn check(&self, request: &Request<'_>) -> Result<(), &'static str> {
        if self.jti.is_empty() || self.jti.chars().count() > MAX_JTI {
            return Err("`jti` does not have 1 to 128 characters");
        }
        if self.htm != request.method {
            return Err("`htm` is not the method of this request");
        }
        let (claimed, actual) = (uri::normalize(&self.htu), uri::normalize(request.uri));
        if claimed.is_none() || claimed != actual {
            return Err("`htu` is not the URI of this request");
        }
        if let Some(token) = request.access_token {
            let hash = URL_SAFE_NO_PAD.encode(sha256(token.as_bytes()));
            if self.ath.as_ref() != Some(&hash) {
                return Err("`ath` is not the hash of the access token");
            }
        }
        Ok(())
    }
}

fn id(key: Thumbprint, jti: &str) -> ProofId {
    let hash = sha256(&[&key.0, jti.as_bytes()].concat());
    let mut id = [0; 16];
    id.copy_from_slice(&hash[..16]);
    ProofId(id)
}

#[cfg(test)]
mod tests;
