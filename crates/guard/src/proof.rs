//! DPoP proofs (RFC 9449): verified, and accepted once.

use core::time::Duration;

use latchkey_core::Timestamp;
use latchkey_core::session::Thumbprint;
use latchkey_tokens::MasterKey;
use latchkey_tokens::dpop::{self, ProofError, Request};

use crate::access::AccessError;
use crate::used_proofs::UsedProofs;

/// How many used proofs of each kind are remembered: about 10 MB each when full.
const REMEMBERED: usize = 100_000;

/// By how much a nonce outlives an access token at least: for a page that is loaded just before a
/// sign-in, and for a late refresh.
const SPARE: Duration = Duration::from_mins(5);

/// Why the sender of an access token is not accepted as its holder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HolderError {
    /// The token itself is refused.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// The proof is missing or invalid.
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

/// Verifies proofs and remembers them. Proofs that can be sent without an access token are remembered
/// apart, so that a flood of those cannot make a proof beside an access token usable twice.
#[derive(Debug)]
pub struct Proofs {
    verifier: dpop::Proofs,
    bare: UsedProofs,
    beside_tokens: UsedProofs,
}

impl Proofs {
    /// Issues nonces that every server with the same master key accepts. A browser receives one with
    /// its access token and uses it at the refresh, so a nonce outlives an access token of
    /// `access_ttl`; otherwise every refresh would be refused once.
    pub fn new(master: &MasterKey, access_ttl: Duration) -> Self {
        Self {
            verifier: dpop::Proofs::new(master, access_ttl + SPARE),
            bare: UsedProofs::new(REMEMBERED),
            beside_tokens: UsedProofs::new(REMEMBERED),
        }
    }

    /// The nonce to issue now.
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

    /// Checks that a request was signed with the key that its access token is bound to.
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

    /// Frees up to `limit` expired proofs of each kind and returns the larger of both numbers.
    pub fn sweep(&self, now: Timestamp, limit: usize) -> usize {
        let bare = self.bare.sweep(now, limit);
        bare.max(self.beside_tokens.sweep(now, limit))
    }
}

const USED: ProofError = ProofError::Invalid("its jti was used before");
