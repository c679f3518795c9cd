//! The keys that access tokens are verified with, replaced as a whole when they rotate.

use std::sync::Arc;

use arc_swap::ArcSwap;
use latchkey_tokens::KeyRing;

/// The key ring in force. Reading it never blocks.
#[derive(Debug)]
pub struct Keys(ArcSwap<KeyRing>);

impl Keys {
    /// Starts with this ring.
    pub fn new(ring: KeyRing) -> Self {
        Self(ArcSwap::from_pointee(ring))
    }

    /// The ring in force.
    pub fn ring(&self) -> Arc<KeyRing> {
        self.0.load_full()
    }

    /// Puts another ring in force.
    pub fn replace(&self, ring: KeyRing) {
        self.0.store(Arc::new(ring));
    }
}
