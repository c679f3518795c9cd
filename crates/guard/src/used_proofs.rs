//! The replay cache of DPoP proofs: each proof is accepted once (RFC 9449 §11.1).
//!
//! Each server remembers the proofs that it received since it started; a copy sent to another server
//! with the same store is not detected there. Such a copy is worth little, because what it was sent
//! with is used up: a code and its flow are accepted once, and a used refresh token yields nothing,
//! ends its session or, with its `Idempotency-Key`, yields the same successor, which is bound to a key
//! that the attacker does not have. `docs/security.md` says what remains.

use latchkey_core::Timestamp;
use latchkey_tokens::dpop::{Proof, ProofId};

use crate::replay_cache::ReplayCache;

/// Remembers used proofs, up to a number.
#[derive(Debug)]
pub(crate) struct UsedProofs(ReplayCache<ProofId>);

impl UsedProofs {
    /// Remembers at most `capacity` proofs.
    pub(crate) fn new(capacity: usize) -> Self {
        Self(ReplayCache::new(capacity))
    }

    /// Uses a proof; `false` if it was used before.
    #[must_use]
    pub(crate) fn take(&self, proof: &Proof, now: Timestamp) -> bool {
        self.0.take(proof.id, proof.usable_until, now)
    }

    /// Frees up to `limit` expired proofs and returns how many.
    pub(crate) fn sweep(&self, now: Timestamp, limit: usize) -> usize {
        self.0.sweep(now, limit)
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
        assert_eq!(used.0.len(), 2);
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
        assert_eq!(used.0.len(), 2);
        assert!(!used.take(&proof(5, 6 * MINUTE), later));
    }

    #[test]
    fn memory_is_bounded_and_what_ends_first_is_forgotten_first() {
        let used = UsedProofs::new(3);
        for id in [3, 1, 2, 4, 5] {
            assert!(used.take(&proof(id, u32::from(id) * MINUTE), NOW));
            assert!(used.0.len() <= 3);
        }
        assert!(!used.take(&proof(5, 5 * MINUTE), NOW));
        assert!(!used.take(&proof(4, 4 * MINUTE), NOW));
        assert!(used.take(&proof(1, MINUTE), NOW));
    }
}
