//! The source of random bytes, as a parameter. Nothing here generates any.

/// A cryptographically secure random number generator.
pub trait Rng: Send + Sync {
    /// Fills `bytes` with random bytes. An implementation that fails to do so must panic or abort
    /// instead of returning.
    fn fill(&self, bytes: &mut [u8]);
}

/// `N` random bytes.
pub fn bytes<const N: usize>(rng: &dyn Rng) -> [u8; N] {
    let mut bytes = [0; N];
    rng.fill(&mut bytes);
    bytes
}
