//! A small OpenID provider for trying things out: whoever comes is who they say they are.
//!
//! It is good enough for every check that a real provider has to pass, so that `--demo` walks the
//! same road as Google does. All of it is in memory, bounded, and gone with the process. The pages
//! and routes around it are the server's; this is only what they decide. It asks at every sign-in,
//! so that whatever `prompt` and `max_age` demand is done already.

mod accounts;
mod authorize;
mod error;
mod grant;
mod keys;
mod parameters;
mod shelf;
mod token;

use core::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use latchkey_core::{Rng, rng};
use serde_json::{Value, json};
use url::Url;

use crate::oidc::{OidcConfig, default_scopes};
use crate::provider::Kind;

use grant::Grant;
use keys::DemoKey;
use shelf::Shelf;

pub use accounts::DemoAccount;
pub use authorize::DemoRequest;
pub use error::DemoError;

/// The client identifier of the only client there is.
pub const CLIENT_ID: &str = "latchkey-demo";
/// `GET`: the discovery document; like all of these, below the issuer.
pub const DISCOVERY: &str = "/.well-known/openid-configuration";
/// `GET`: the page on which a person picks an account; its form goes back to the same path.
pub const AUTHORIZE: &str = "/authorize";
/// `POST`, a form: exchanges a code for tokens.
pub const TOKEN: &str = "/token";
/// `GET`, Bearer: what is known about the person.
pub const USERINFO: &str = "/userinfo";
/// `GET`: the public key.
pub const JWKS: &str = "/jwks";

/// The provider behind `--demo`.
pub struct DemoProvider {
    issuer: String,
    /// As the client writes it; compared letter by letter.
    redirect_uri: String,
    redirect_url: Url,
    client_secret: String,
    key: DemoKey,
    rng: Arc<dyn Rng>,
    shelves: Mutex<Shelves>,
}

/// What was handed out and may come back.
#[derive(Default)]
struct Shelves {
    codes: Shelf<Grant>,
    access_tokens: Shelf<accounts::Person>,
}

impl DemoProvider {
    /// A provider that calls itself `issuer`, has one client with one redirect URI, and a key and a
    /// client secret made now.
    ///
    /// # Panics
    ///
    /// If `redirect_uri` is not a URL, or the system has no random numbers for the key.
    pub fn new(issuer: &str, redirect_uri: &str, rng: Arc<dyn Rng>) -> Self {
        Self {
            issuer: issuer.trim_end_matches('/').to_owned(),
            redirect_uri: redirect_uri.to_owned(),
            redirect_url: Url::parse(redirect_uri).expect("the redirect URI is a URL"),
            client_secret: secret(&*rng),
            key: DemoKey::generate(),
            rng,
            shelves: Mutex::default(),
        }
    }

    /// How to sign in with it: like with any other provider.
    pub fn config(&self) -> OidcConfig {
        OidcConfig {
            label: "Demo account".to_owned(),
            kind: Kind::Demo,
            client_secret: Some(self.client_secret.clone()),
            ..OidcConfig::new("demo", self.issuer.clone(), CLIENT_ID)
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

    /// The public key (RFC 7517 §5).
    pub fn jwks(&self) -> Value {
        json!({ "keys": [self.key.public()] })
    }

    /// The accounts to offer; any other address will do as well.
    pub const fn accounts() -> &'static [DemoAccount] {
        &accounts::ACCOUNTS
    }

    fn shelves(&self) -> MutexGuard<'_, Shelves> {
        // A shelf is whole between any two steps, so a panic elsewhere does not spoil it.
        self.shelves.lock().unwrap_or_else(PoisonError::into_inner)
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

/// 256 unpredictable bits as text.
fn secret(rng: &dyn Rng) -> String {
    URL_SAFE_NO_PAD.encode(rng::bytes::<32>(rng))
}

#[cfg(test)]
mod tests;
