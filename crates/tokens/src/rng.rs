//! The system's random numbers.

use aws_lc_rs::rand;
use latchkey_core::Rng;

/// The random numbers of the cryptographic library.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRng;

impl Rng for SystemRng {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that draws random numbers"
    )]
    fn fill(&self, bytes: &mut [u8]) {
        rand::fill(bytes).expect("without randomness nothing here may go on");
    }
}
