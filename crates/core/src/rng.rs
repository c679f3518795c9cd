//! Randomness as a parameter.

/// A source of unpredictable bytes.
pub trait Rng: Send + Sync {
    /// Fills `bytes`. A source that cannot must stop the process rather than return.
    fn fill(&self, bytes: &mut [u8]);
}

/// `N` unpredictable bytes.
pub fn bytes<const N: usize>(rng: &dyn Rng) -> [u8; N] {
    let mut bytes = [0; N];
    rng.fill(&mut bytes);
    bytes
}
