//! What local accounts need besides the store: who may sign up, hashing in a bounded pool, limits
//! on guessing passwords, and one-time links.

pub mod guesses;
pub mod hashing;
pub mod mailer;
pub mod rules;

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use latchkey_core::{LinkHash, Rng, rng};
use latchkey_tokens::digest;
use latchkey_types::paths;

use self::guesses::Guesses;
use self::hashing::Hashing;
use self::mailer::Mailer;
use crate::settings::{PublicUrl, SignUp};

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

/// The token of a one-time link: 256 random bits. Its hash is stored.
pub struct LinkToken(String);

impl LinkToken {
    /// A new random token.
    pub fn random(rng: &dyn Rng) -> Self {
        Self(URL_SAFE_NO_PAD.encode(rng::bytes::<32>(rng)))
    }

    /// The token as text, for the link.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The link to set a password with this token, which is in the fragment, so that it is not sent
    /// with the request for the page.
    pub fn password_link(&self, site: &PublicUrl) -> String {
        let page = site.join(paths::RESET_PASSWORD_PAGE);
        format!("{page}#token={}", self.0)
    }

    /// The link of an invitation with this token.
    pub fn invitation_link(&self, site: &PublicUrl) -> String {
        let page = site.join(paths::SIGN_UP_PAGE);
        format!("{page}#invitation={}", self.0)
    }

    /// The hash of the token.
    pub fn hash(&self) -> LinkHash {
        digest::link(&self.0)
    }
}

/// Hides the token.
impl fmt::Debug for LinkToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LinkToken(…)")
    }
}
