//! What local accounts need besides the store: who may sign up, a bounded number of concurrent
//! hashes, limits on guessing passwords, and one-time links.

pub mod guesses;
pub mod hashing;
pub mod link_token;
pub mod mailer;
pub mod rules;

use std::sync::Arc;

use latchkey_core::{Rng, User};
use latchkey_store::{Store, StoreError};

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

/// Whether the credential under this user's username belongs to this user. If it does not, a link
/// for the username would set another user's password. Two users can have the same username only if
/// an earlier version restored the store from a backup.
pub async fn owns_username(store: &dyn Store, user: &User) -> Result<bool, StoreError> {
    let Some(username) = user.username.clone() else {
        return Ok(false);
    };
    let credential = store.credential(username).await?;
    Ok(credential.is_some_and(|credential| credential.user == user.id))
}
