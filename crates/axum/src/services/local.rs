//! What local accounts need besides the store: who may sign up, a bounded number of concurrent
//! hashes, limits on guessing passwords, and one-time links.

pub mod guesses;
pub mod hashing;
pub mod link_token;
pub mod mailer;
pub mod rules;

use std::sync::Arc;

use latchkey_core::Rng;

use self::guesses::Guesses;
use self::hashing::Hashing;
pub use self::link_token::LinkToken;
use self::mailer::Mailer;
use crate::settings::SignUp;

/// The services of local accounts.
#[derive(Debug)]
pub struct Local {
    /// Who may create an account.
    pub sign_up: SignUp,
    /// Hashes and verifies passwords.
    pub hashing: Hashing,
    /// Limits failed sign-ins, sign-ups and requests for links.
    pub guesses: Guesses,
    /// Sends links, if mail is configured.
    pub mailer: Option<Arc<Mailer>>,
}

impl Local {
    /// Creates the services.
    pub fn new(sign_up: SignUp, mailer: Option<Mailer>, rng: Arc<dyn Rng>) -> Self {
        Self {
            sign_up,
            hashing: Hashing::new(rng),
            guesses: Guesses::default(),
            mailer: mailer.map(Arc::new),
        }
    }
}
