//! The tokens of one-time links.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use latchkey_core::{LinkHash, Rng, rng};
use latchkey_tokens::digest;
use latchkey_types::paths;

use crate::settings::PublicUrl;

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

    /// The link to set a password with this token. The token is in the fragment, which browsers do
    /// not send to the server.
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
