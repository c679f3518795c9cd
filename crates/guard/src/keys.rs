//! The keys that sign and verify access tokens. The whole ring is replaced when the signing key
//! rotates.

use std::sync::Arc;

use arc_swap::ArcSwap;
use latchkey_tokens::KeyRing;

/// The current key ring. Reading it never blocks.
#[derive(Debug)]
pub struct Keys(ArcSwap<KeyRing>);

impl Keys {
    /// Creates the keys from a ring.
    pub fn new(ring: KeyRing) -> Self {
        Self(ArcSwap::from_pointee(ring))
    }

    /// The current ring.
    pub fn ring(&self) -> Arc<KeyRing> {
        self.0.load_full()
    }

    /// Replaces the ring.
    pub fn replace(&self, ring: KeyRing) {
        self.0.store(Arc::new(ring));
    }
}
