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
mod tests {
    use core::time::Duration;

    use latchkey_core::Timestamp;
    use latchkey_core::session::Thumbprint;
    use latchkey_tokens::dpop::{Proof, ProofId};

    use super::UsedProofs;

    const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);
    const MINUTE: Duration = Duration::from_mins(1);

    fn proof(id: u8, usable_for: Duration) -> Proof {
        Proof {
            key: Thumbprint([0; 32]),
            id: ProofId([id; 16]),
            usable_until: NOW.plus(usable_for),
        }
    }

    #[test]
    fn security_60_a_proof_is_taken_once_while_it_can_be_used() {
        let used = UsedProofs::new(10);
        let (one, other) = (proof(1, MINUTE), proof(2, MINUTE));
        assert!(used.take(&one, NOW));
        assert!(!used.take(&one, NOW));
        assert!(used.take(&other, NOW));
        let last = NOW.plus(MINUTE).minus(Duration::from_millis(1));
        assert!(!used.take(&one, last));
        // Its id may come again in a later proof.
        let later = proof(1, 2 * MINUTE);
        assert!(used.take(&later, NOW.plus(MINUTE)));
        assert!(!used.take(&later, NOW.plus(MINUTE)));
        assert_eq!(used.len(), 2);
    }

    #[test]
    fn what_has_ended_is_freed_in_steps() {
        let used = UsedProofs::new(10);
        for id in 0..6 {
            assert!(used.take(&proof(id, u32::from(id) * MINUTE + MINUTE), NOW));
        }
        assert_eq!(used.sweep(NOW, 500), 0);
        let later = NOW.plus(4 * MINUTE);
        assert_eq!((used.sweep(later, 3), used.sweep(later, 3)), (3, 1));
        assert_eq!(used.len(), 2);
        assert!(!used.take(&proof(5, 6 * MINUTE), later));
    }

    #[test]
    fn memory_is_bounded_and_what_ends_first_is_forgotten_first() {
        let used = UsedProofs::new(3);
        for id in [3, 1, 2, 4, 5] {
            assert!(used.take(&proof(id, u32::from(id) * MINUTE), NOW));
            assert!(used.len() <= 3);
        }
        assert!(!used.take(&proof(5, 5 * MINUTE), NOW));
        assert!(!used.take(&proof(4, 4 * MINUTE), NOW));
        assert!(used.take(&proof(1, MINUTE), NOW));
    }
}
