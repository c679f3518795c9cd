//! Who holds the key: DPoP proofs (RFC 9449), checked in full and taken once.

use core::time::Duration;

use latchkey_core::Timestamp;
use latchkey_core::session::Thumbprint;
use latchkey_tokens::MasterKey;
use latchkey_tokens::dpop::{self, ProofError, Request};

use super::access::AccessError;
use super::used_proofs::UsedProofs;

/// How many used proofs are remembered of each kind: some 10 MB each when full.
const REMEMBERED: usize = 100_000;

/// By how much a nonce outlives an access token, at the least: a page that is loaded just before a
/// sign-in, or a refresh that comes late.
const SPARE: Duration = Duration::from_mins(5);

/// Why a request is not taken for that of a token's holder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HolderError {
    /// The token itself is refused.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// There is no good proof.
    #[error(transparent)]
    Proof(#[from] ProofError),
    /// The token is bound to a key that did not sign the request.
    #[error(
        "this access token is bound to a key: send it as Authorization: DPoP <token>, with a \
         proof by that key"
    )]
    KeyMismatch,
    /// The token is bound to no key.
    #[error("this access token is bound to no key: send it as Authorization: Bearer <token>")]
    NotBound,
}

/// Checks proofs and remembers them. What needs no access token to send has a memory of its own:
/// filling it makes no proof beside an access token usable twice.
#[derive(Debug)]
pub struct Proofs {
    verifier: dpop::Proofs,
    bare: UsedProofs,
    beside_tokens: UsedProofs,
}

impl Proofs {
    /// With nonces that servers with the same master key recognise. A browser gets one with its
    /// access token and uses it when it refreshes that: a nonce outlives an access token of
    /// `access_ttl`, or every refresh would be refused once.
    pub fn new(master: &MasterKey, access_ttl: Duration) -> Self {
        Self {
            verifier: dpop::Proofs::new(master, access_ttl + SPARE),
            bare: UsedProofs::new(REMEMBERED),
            beside_tokens: UsedProofs::new(REMEMBERED),
        }
    }

    /// The nonce to hand out now.
    pub fn nonce(&self, now: Timestamp) -> String {
        self.verifier.nonce(now)
    }

    /// The key that signed a request to a token endpoint.
    pub fn key(
        &self,
        proof: &str,
        method: &str,
        uri: &str,
        now: Timestamp,
    ) -> Result<Thumbprint, ProofError> {
        let request = Request {
            method,
            uri,
            access_token: None,
        };
        let proof = self.verifier.verify(proof, &request, now)?;
        if !self.bare.take(&proof, now) {
            return Err(USED);
        }
        Ok(proof.key)
    }

    /// Whether a request with an access token was signed with the key that the token is bound to.
    pub fn holder(
        &self,
        proof: &str,
        request: &Request<'_>,
        bound_to: Thumbprint,
        now: Timestamp,
    ) -> Result<(), HolderError> {
        let proof = self.verifier.verify(proof, request, now)?;
        if proof.key != bound_to {
            return Err(HolderError::KeyMismatch);
        }
        if !self.beside_tokens.take(&proof, now) {
            return Err(USED.into());
        }
        Ok(())
    }

    /// Frees up to `limit` proofs of each kind that can no longer be used, and says how many of
    /// the kind that had more.
    pub fn sweep(&self, now: Timestamp, limit: usize) -> usize {
        let bare = self.bare.sweep(now, limit);
        bare.max(self.beside_tokens.sweep(now, limit))
    }
}

const USED: ProofError = ProofError::Invalid("its jti was used before");
