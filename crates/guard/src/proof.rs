//! Verifies DPoP proofs (RFC 9449) and accepts each once.

use core::time::Duration;

use latchkey_core::Timestamp;
use latchkey_core::session::Thumbprint;
use latchkey_tokens::MasterKey;
use latchkey_tokens::dpop::{self, ProofError, Request};

use crate::access::AccessError;
use crate::used_proofs::UsedProofs;

/// The maximum number of proofs in each replay cache. A full cache uses about 10 MB.
const REPLAY_CACHE_CAPACITY: usize = 100_000;

/// How much longer than an access token a nonce is valid: enough for a page that was loaded just
/// before a sign-in, and for a late refresh.
const NONCE_MARGIN: Duration = Duration::from_mins(5);

/// Why the sender of a bound access token is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HolderError {
    /// The token itself is refused.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// The request has no proof.
    #[error("a DPoP proof is required; send it in the DPoP header")]
    ProofMissing,
    /// The proof is not valid.
    #[error(transparent)]
    Proof(#[from] ProofError),
    /// The token is bound to a key that did not sign the request.
    #[error(
        "this access token is bound to a key; send it as Authorization: DPoP <token>, with a \
         proof signed with that key"
    )]
    KeyMismatch,
    /// The token is not bound to a key.
    #[error("this access token is not bound to a key; send it as Authorization: Bearer <token>")]
    NotBound,
}

/// Verifies proofs and remembers used ones. Proofs without an access token have a separate replay
/// cache: anyone can create them, and a flood of them must not evict the proofs of access tokens.
#[derive(Debug)]
pub struct Proofs {
    verifier: dpop::Proofs,
    without_token: UsedProofs,
    with_token: UsedProofs,
}

impl Proofs {
    /// Derives nonces from the master key, so that every server with the same key accepts them. A
    /// browser receives a nonce with its access token and uses it at the next refresh, so nonces
    /// are valid longer than `access_ttl`; otherwise every refresh would be refused once.
    pub fn new(master: &MasterKey, access_ttl: Duration) -> Self {
        Self {
            verifier: dpop::Proofs::new(master, access_ttl + NONCE_MARGIN),
            without_token: UsedProofs::new(REPLAY_CACHE_CAPACITY),
            with_token: UsedProofs::new(REPLAY_CACHE_CAPACITY),
        }
    }

    /// The nonce to issue now.
    pub fn nonce(&self, now: Timestamp) -> String {
        self.verifier.nonce(now)
    }

    /// Verifies the proof of a request to a token endpoint and returns the key that signed it.
    ///
    /// # Errors
    ///
    /// Returns an error if the proof is not valid for this request, has no current nonce, or was
    /// used before.
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
        if !self.without_token.use_once(&proof, now) {
            return Err(USED);
        }
        Ok(proof.key)
    }

    /// Verifies that a request was signed with the key that its access token is bound to.
    ///
    /// # Errors
    ///
    /// [`HolderError::Proof`] if the proof is not valid for this request, has no current nonce, or
    /// was used before; [`HolderError::KeyMismatch`] if another key signed it.
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
        if !self.with_token.use_once(&proof, now) {
            return Err(USED.into());
        }
        Ok(())
    }

    /// The number of remembered proofs, including expired ones that have not been swept yet.
    pub fn len(&self) -> usize {
        self.without_token.len() + self.with_token.len()
    }

    /// Whether no proof is remembered.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Removes up to `limit` expired proofs from each cache and returns the larger of the two
    /// counts.
    pub fn sweep(&self, now: Timestamp, limit: usize) -> usize {
        let without_token = self.without_token.sweep(now, limit);
        without_token.max(self.with_token.sweep(now, limit))
    }
}

const USED: ProofError = ProofError::Invalid("its jti was used before");
