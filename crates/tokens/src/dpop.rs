//! DPoP proofs (RFC 9449): that whoever sends a request holds a private key.
//!
//! A proof is a JWS by that key over one request, with the public half inside. What is not asked
//! here is whether the proof was used before: that needs memory, which the server has.

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

/// The one algorithm that proofs are taken in: WebCrypto has it everywhere.
pub const ALGORITHM: &str = "ES256";

/// How far `iat` may be from our clock, to either side, in a proof without a nonce. Together they
/// bound for how long such a proof must be remembered.
pub const TOLERANCE: Duration = Duration::from_mins(1);

/// The same for a proof with a nonce. Its age is known from the nonce (RFC 9449 §4.3, check 11),
/// so that people whose clock or time zone is set wrong can sign in; this refuses only what no
/// clock shows.
pub const TOLERANCE_WITH_NONCE: Duration = Duration::from_hours(24);

/// The longest `jti`, in characters.
pub const MAX_JTI: usize = 128;

const TYPE: &str = "dpop+jwt";

/// The request that a proof must be about.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Its method, as it was sent.
    pub method: &'a str,
    /// Its URI as the world sees it; query and fragment do not matter.
    pub uri: &'a str,
    /// The access token it carries. With one, the proof must name it (`ath`) and may do without a
    /// nonce; without one, the nonce is what makes it fresh.
    pub access_token: Option<&'a str>,
}

/// A good proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The key that signed it.
    pub key: Thumbprint,
    /// What makes it one of a kind: key and `jti`.
    pub id: ProofId,
    /// When it can no longer be used; until then it must be remembered.
    pub usable_until: Timestamp,
}

/// The first 128 bits of the SHA-256 of a key's thumbprint and a `jti`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProofId(pub [u8; 16]);

/// Why a text proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// It has no nonce, or one that is not in force.
    #[error("the DPoP proof needs the nonce that this answer carries in DPoP-Nonce")]
    Nonce,
    /// A check failed.
    #[error("the DPoP proof is not good: {0}")]
    Invalid(&'static str),
}

/// Checks proofs.
#[derive(Debug)]
pub struct Proofs {
    nonces: Nonces,
}

/// A key comes in `jwk` alone; a second one (`jku`, `x5c`, …) and `crit` are refused.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    typ: String,
    alg: String,
    jwk: Jwk,
    /// Says nothing that `jwk` does not.
    #[serde(rename = "kid", default)]
    _kid: IgnoredAny,
}

/// Claims that are not named here say nothing to us (RFC 9449 §4.2 allows them).
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
    /// With nonces of a key derived from the master key for this alone, each handed out for
    /// `nonce_window` and accepted for as long again.
    pub fn new(master: &MasterKey, nonce_window: Duration) -> Self {
        Self {
            nonces: Nonces::new(master, nonce_window),
        }
    }

    /// The nonce to hand out now.
    pub fn nonce(&self, now: Timestamp) -> String {
        self.nonces.issue(now)
    }

    /// Makes every check of RFC 9449 §4.3 but two: that the request has one proof only, and that
    /// the proof was not used before.
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

    /// Until when a proof that is fresh now stays so.
    fn fresh_until(
        &self,
        claims: &Claims,
        request: &Request<'_>,
        now: Timestamp,
    ) -> Result<Timestamp, ProofError> {
        let made_at = Timestamp::from_secs(claims.iat);
        let (until, tolerance) = match &claims.nonce {
            Some(nonce) => {
                let until = self.nonces.good_until(nonce, now);
                (until.ok_or(ProofError::Nonce)?, TOLERANCE_WITH_NONCE)
            }
            None if request.access_token.is_none() => return Err(ProofError::Nonce),
            None => (made_at.plus(TOLERANCE), TOLERANCE),
        };
        if now.since(made_at) >= tolerance || made_at.since(now) > tolerance {
            return Err(ProofError::Invalid("its iat is too far from our time"));
        }
        Ok(until)
    }
}

/// The key inside and the claims that it signed.
fn read(proof: &str) -> Result<(Thumbprint, Claims), &'static str> {
    let proof = Unverified::<Header>::parse(proof)?;
    if proof.header.typ != TYPE {
        return Err("its typ is not dpop+jwt");
    }
    if proof.header.alg != ALGORITHM {
        return Err("its alg is not ES256");
    }
    let PublicKey {
        decoding,
        thumbprint,
    } = proof.header.jwk.public_key()?;
    // The `s` of a foreign signature may be either: what is told apart is the `jti`, not the text.
    let claims = proof.verify_foreign(&decoding, Algorithm::ES256)?;
    Ok((thumbprint, claims))
}

impl Claims {
    /// What does not change with time.
    fn check(&self, request: &Request<'_>) -> Result<(), &'static str> {
        if self.jti.is_empty() || self.jti.chars().count() > MAX_JTI {
            return Err("its jti has not 1 to 128 characters");
        }
        if self.htm != request.method {
            return Err("its htm is not the method of this request");
        }
        let (claimed, actual) = (uri::normal(&self.htu), uri::normal(request.uri));
        if claimed.is_none() || claimed != actual {
            return Err("its htu is not the URI of this request");
        }
        if let Some(token) = request.access_token {
            let hash = URL_SAFE_NO_PAD.encode(sha256(token.as_bytes()));
            if self.ath.as_ref() != Some(&hash) {
                return Err("its ath is not the hash of the access token");
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
