//! The replay cache of DPoP proofs: each proof is accepted once (RFC 9449 §11.1).
//!
//! Each server remembers the proofs it has received since it started; a copy sent to another server
//! with the same store is not detected there. Such a copy is worth little, because the credential
//! it was sent with is used up. An authorization code and its flow are accepted once. A used
//! refresh token is refused or ends its session; with its `Idempotency-Key` it yields the same
//! successor again, which is bound to a key that the attacker does not have. `docs/security.md`
//! describes what remains.

use latchkey_core::Timestamp;
use latchkey_tokens::dpop::{Proof, ProofId};

use crate::replay_cache::ReplayCache;

/// Remembers used proofs.
#[derive(Debug)]
pub(crate) struct UsedProofs(ReplayCache<ProofId>);

impl UsedProofs {
    /// Creates a cache of at most `capacity` proofs.
    pub(crate) fn new(capacity: usize) -> Self {
        Self(ReplayCache::new(capacity))
    }

    /// Marks a proof as used; `false` if it was used before.
    #[must_use]
    pub(crate) fn use_once(&self, proof: &Proof, now: Timestamp) -> bool {
        self.0.use_once(proof.id, proof.usable_until, now)
    }

    /// The number of remembered proofs.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Removes up to `limit` expired proofs and returns how many were removed.
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
    fn security_60_a_proof_is_accepted_once_until_it_expires() {
        let used = UsedProofs::new(10);
        let (one, other) = (proof(1, MINUTE), proof(2, MINUTE));
        assert!(used.use_once(&one, NOW));
        assert!(!used.use_once(&one, NOW));
        assert!(used.use_once(&other, NOW));
        let last = NOW.plus(MINUTE).minus(Duration::from_millis(1));
        assert!(!used.use_once(&one, last));
        // A later proof may have the same id.
        let later = proof(1, 2 * MINUTE);
        assert!(used.use_once(&later, NOW.plus(MINUTE)));
        assert!(!used.use_once(&later, NOW.plus(MINUTE)));
        assert_eq!(used.0.len(), 2);
    }

    #[test]
    fn expired_proofs_are_freed_in_steps() {
        let used = UsedProofs::new(10);
        for id in 0..6 {
            assert!(used.use_once(&proof(id, u32::from(id) * MINUTE + MINUTE), NOW));
        }
        assert_eq!(used.sweep(NOW, 500), 0);
        let later = NOW.plus(4 * MINUTE);
        assert_eq!((used.sweep(later, 3), used.sweep(later, 3)), (3, 1));
        assert_eq!(used.0.len(), 2);
        assert!(!used.use_once(&proof(5, 6 * MINUTE), later));
    }

    #[test]
    fn when_full_the_proof_that_expires_first_is_evicted() {
        let used = UsedProofs::new(3);
        for id in [3, 1, 2, 4, 5] {
            assert!(used.use_once(&proof(id, u32::from(id) * MINUTE), NOW));
            assert!(used.0.len() <= 3);
        }
        assert!(!used.use_once(&proof(5, 5 * MINUTE), NOW));
        assert!(!used.use_once(&proof(4, 4 * MINUTE), NOW));
        assert!(used.use_once(&proof(1, MINUTE), NOW));
    }
}
