//! An OpenID provider for evaluation: it lets anyone sign in with any email address.
//!
//! It passes every check that a real provider has to pass, so that `--demo` uses the same code as
//! Google. All state is in memory, bounded, and lost at exit. This module makes the decisions; the
//! server provides the pages and routes. Every sign-in shows the account chooser, which satisfies
//! any `max_age` and every `prompt` that the discovery document lists.
//!
//! ```
//! use std::sync::Arc;
//!
//! use latchkey_core::{Rng, Timestamp};
//! use latchkey_identity::demo::{CLIENT_ID, DemoProvider};
//! # struct SystemRng;
//! # impl Rng for SystemRng {
//! #     fn fill(&self, bytes: &mut [u8]) {
//! #         aws_lc_rs::rand::fill(bytes).expect("random numbers");
//! #     }
//! # }
//!
//! let redirect_uri = "http://127.0.0.1:7000/callback/demo";
//! let demo = DemoProvider::new("http://127.0.0.1:7000/demo", redirect_uri, Arc::new(SystemRng));
//! let now = Timestamp::from_secs(1_800_000_000);
//!
//! let query = [
//!     ("client_id", CLIENT_ID),
//!     ("redirect_uri", redirect_uri),
//!     ("response_type", "code"),
//!     ("scope", "openid email profile"),
//!     ("state", "random"),
//!     ("nonce", "random"),
//!     ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
//!     ("code_challenge_method", "S256"),
//! ]
//! .map(|(name, value)| (name.to_owned(), value.to_owned()));
//! let request = demo.check_authorize(&query)?;
//!
//! // The user chose an account on the page: redirect the browser to the client.
//! let url = demo.approve(&request, "ada@example.com", now)?;
//! assert!(url.as_str().starts_with(redirect_uri));
//! # Ok::<(), latchkey_identity::demo::DemoError>(())
//! ```

mod accounts;
mod authorize;
mod error;
mod expiring_map;
mod grant;
mod keys;
mod parameters;
mod token;

use core::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use latchkey_core::{Rng, rng};
use secrecy::SecretString;
use serde_json::{Value, json};
use url::Url;

use crate::config::{ProviderConfig, default_scopes};
use crate::provider::Kind;

use expiring_map::ExpiringMap;
use grant::Grant;
use keys::DemoKey;

pub use accounts::DemoAccount;
pub use authorize::DemoRequest;
pub use error::DemoError;

/// The identifier of the demo provider's only client.
pub const CLIENT_ID: &str = "latchkey-demo";
/// `GET`: the discovery document. This path and the following ones are relative to the issuer.
pub const DISCOVERY: &str = "/.well-known/openid-configuration";
/// `GET`: the page on which the user chooses an account; its form is posted to the same path.
pub const AUTHORIZE: &str = "/authorize";
/// `POST`, a form: the token endpoint.
pub const TOKEN: &str = "/token";
/// `GET`, needs an access token: the userinfo endpoint.
pub const USERINFO: &str = "/userinfo";
/// `GET`: the JWK set with the public key.
pub const JWKS: &str = "/jwks";

/// The provider of `--demo`.
pub struct DemoProvider {
    issuer: String,
    /// Compared byte by byte with the redirect URI in a request.
    redirect_uri: String,
    redirect_url: Url,
    client_secret: SecretString,
    key: DemoKey,
    rng: Arc<dyn Rng>,
    issued: Mutex<Issued>,
}

/// Issued codes and access tokens.
#[derive(Default)]
struct Issued {
    codes: ExpiringMap<Grant>,
    access_tokens: ExpiringMap<accounts::DemoUser>,
}

impl DemoProvider {
    /// A provider with this issuer and one client with this redirect URI. It generates a signing key
    /// and a client secret.
    ///
    /// # Panics
    ///
    /// Panics if `redirect_uri` is not a URL, or the random number generator fails.
    pub fn new(issuer: &str, redirect_uri: &str, rng: Arc<dyn Rng>) -> Self {
        Self {
            issuer: issuer.trim_end_matches('/').to_owned(),
            redirect_uri: redirect_uri.to_owned(),
            redirect_url: Url::parse(redirect_uri).expect("the redirect URI is a URL"),
            client_secret: secret(&*rng).into(),
            key: DemoKey::generate(),
            rng,
            issued: Mutex::default(),
        }
    }

    /// The configuration of an [`OidcProvider`](crate::OidcProvider) that uses this demo provider.
    pub fn config(&self) -> ProviderConfig {
        ProviderConfig {
            label: "Demo account".to_owned(),
            kind: Kind::Demo,
            client_secret: Some(self.client_secret.clone()),
            ..ProviderConfig::new("demo", self.issuer.clone(), CLIENT_ID)
        }
    }

    /// The discovery document (OpenID Connect Discovery §3).
    pub fn discovery(&self) -> Value {
        let at = |path: &str| format!("{}{path}", self.issuer);
        json!({
            "issuer": self.issuer,
            "authorization_endpoint": at(AUTHORIZE),
            "token_endpoint": at(TOKEN),
            "userinfo_endpoint": at(USERINFO),
            "jwks_uri": at(JWKS),
            "scopes_supported": default_scopes(),
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": ["authorization_code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "code_challenge_methods_supported": ["S256"],
            "prompt_values_supported": ["login", "select_account"],
            "claims_supported":
                ["iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "at_hash", "email",
                 "email_verified", "name"],
            "authorization_response_iss_parameter_supported": true,
        })
    }

    /// The JWK set with its public key (RFC 7517 §5).
    pub fn jwks(&self) -> Value {
        json!({ "keys": [self.key.public()] })
    }

    /// The accounts to offer. Any other email address is accepted too.
    pub const fn accounts() -> &'static [DemoAccount] {
        &accounts::ACCOUNTS
    }

    fn issued(&self) -> MutexGuard<'_, Issued> {
        // The maps are consistent after every step, so a panic elsewhere cannot corrupt them.
        self.issued.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for DemoProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DemoProvider")
            .field("issuer", &self.issuer)
            .field("redirect_uri", &self.redirect_uri)
            .finish_non_exhaustive()
    }
}

/// 256 random bits as text.
fn secret(rng: &dyn Rng) -> String {
    URL_SAFE_NO_PAD.encode(rng::bytes::<32>(rng))
}

#[cfg(test)]
mod tests;
