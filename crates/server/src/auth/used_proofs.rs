//! The proofs that were used while they could be used again: a proof is taken once.
//!
//! Each server remembers those that came to it since it started. A copy that is sent to another
//! server with the same store is not noticed there. It is worth little, because what it was sent
//! with is used up: a code and its flow are taken once; a used refresh token gives nothing, ends
//! its session, or, with its `Idempotency-Key`, gives the same successor, which is bound to a key
//! that the copier does not have. `docs/security.md` says what is left.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use ahash::RandomState;
use latchkey_core::Timestamp;
use latchkey_tokens::dpop::{Proof, ProofId};

/// A bounded memory of used proofs. When it is full, the one that ends first is forgotten early:
/// nobody can keep others out by filling it.
pub struct UsedProofs {
    most: usize,
    used: Mutex<Used>,
}

#[derive(Default)]
struct Used {
    until: HashMap<ProofId, Timestamp, RandomState>,
    /// The same in the order of the ends.
    ends: BTreeSet<(Timestamp, ProofId)>,
}

impl UsedProofs {
    /// Remembers so many at most.
    pub fn new(most: usize) -> Self {
        Self {
            most,
            used: Mutex::default(),
        }
    }

    /// Takes a proof; `false` if it was taken before.
    #[must_use]
    pub fn take(&self, proof: &Proof, now: Timestamp) -> bool {
        let mut used = self.lock();
        let known = used.until.get(&proof.id).copied();
        if known.is_some_and(|until| now < until) {
            return false;
        }
        used.until.insert(proof.id, proof.usable_until);
        if let Some(ended) = known {
            used.ends.remove(&(ended, proof.id));
        }
        used.ends.insert((proof.usable_until, proof.id));
        if used.until.len() > self.most
            && let Some((_, first)) = used.ends.pop_first()
        {
            used.until.remove(&first);
        }
        true
    }

    /// Frees up to `limit` that have ended and says how many were freed.
    pub fn sweep(&self, now: Timestamp, limit: usize) -> usize {
        let mut used = self.lock();
        let mut freed = 0;
        while freed < limit {
            match used.ends.first() {
                Some(&(until, id)) if until <= now => {
                    used.ends.pop_first();
                    used.until.remove(&id);
                    freed += 1;
                }
                _ => break,
            }
        }
        freed
    }

    /// How many are remembered.
    pub fn len(&self) -> usize {
        self.lock().until.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn lock(&self) -> MutexGuard<'_, Used> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for UsedProofs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UsedProofs")
            .field("len", &self.len())
            .finish()
    }
}

#[cfg(test)]
mod tests;
