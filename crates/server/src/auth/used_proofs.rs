//! The proofs that were used while they could be used again: a proof is taken once.
//!
//! Each server remembers those that came to it since it started. A copy that is sent to another
//! server with the same store is not noticed there. It is worth little, because what it was sent
//! with is used up: a code and its flow are taken once; a used refresh token gives nothing, ends
//! its session, or, with its `Idempotency-Key`, gives the same successor, which is bound to a key
//! that the copier does not have. `docs/security.md` says what is left.

use latchkey_core::Timestamp;
use latchkey_tokens::dpop::{Proof, ProofId};

use super::replay_cache::ReplayCache;

/// A bounded memory of used proofs.
#[derive(Debug)]
pub struct UsedProofs(ReplayCache<ProofId>);

impl UsedProofs {
    /// Remembers so many at most.
    pub fn new(most: usize) -> Self {
        Self(ReplayCache::new(most))
    }

    /// Takes a proof; `false` if it was taken before.
    #[must_use]
    pub fn take(&self, proof: &Proof, now: Timestamp) -> bool {
        self.0.take(proof.id, proof.usable_until, now)
    }

    /// Frees up to `limit` that have ended and says how many were freed.
    pub fn sweep(&self, now: Timestamp, limit: usize) -> usize {
        self.0.sweep(now, limit)
    }

    /// How many are remembered.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests;
