//! The random number generator of the server.
//!
//! ```
//! use latchkey_tokens::SystemRng;
//!
//! let bytes = latchkey_core::rng::bytes::<32>(&SystemRng);
//! assert_ne!(bytes, latchkey_core::rng::bytes::<32>(&SystemRng));
//! ```

use aws_lc_rs::rand;
use latchkey_core::Rng;

/// The random number generator of the cryptographic library.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRng;

impl Rng for SystemRng {
    #[expect(
        clippy::disallowed_methods,
        reason = "the only place that generates random numbers"
    )]
    fn fill(&self, bytes: &mut [u8]) {
        rand::fill(bytes).expect("the random number generator works");
    }
}
