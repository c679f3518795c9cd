//! The configuration of an OpenID Connect provider, and what it becomes once checked.

use core::fmt;

use openidconnect::{ClientId, ClientSecret, IssuerUrl, Scope};

use crate::error::ConfigError;
use crate::http::is_loopback;
use crate::provider::Kind;

/// A provider as the operator describes it.
#[derive(Clone, PartialEq, Eq)]
pub struct OidcConfig {
    /// Its name, the `provider` of `GET /auth/login`.
    pub id: String,
    /// What to call it on a button.
    pub label: String,
    /// Which kind to show it as.
    pub kind: Kind,
    /// The issuer identifier, exactly as the provider writes it: an https URL, or an http URL with
    /// a loopback address.
    pub issuer: String,
    /// The client identifier that the provider gave.
    pub client_id: String,
    /// The secret that it gave; none for a public client.
    pub client_secret: Option<String>,
    /// What to ask for; [`default_scopes`] is right for most.
    pub scopes: Vec<String>,
}

/// The secret never reaches a log through `{:?}`.
impl fmt::Debug for OidcConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OidcConfig")
            .field("id", &self.id)
            .field("label", &self.label)
            .field("kind", &self.kind)
            .field("issuer", &self.issuer)
            .field("client_id", &self.client_id)
            .field(
                "client_secret",
                &self.client_secret.as_ref().map(|_| "[redacted]"),
            )
            .field("scopes", &self.scopes)
            .finish()
    }
}

/// `openid`, `email` and `profile`: who it is, the address, the name.
pub fn default_scopes() -> Vec<String> {
    ["openid", "email", "profile"].map(str::to_owned).to_vec()
}

/// Google, with the client that its console made.
pub fn google(client_id: impl Into<String>, client_secret: impl Into<String>) -> OidcConfig {
    OidcConfig {
        id: "google".to_owned(),
        label: "Google".to_owned(),
        kind: Kind::Google,
        issuer: "https://accounts.google.com".to_owned(),
        client_id: client_id.into(),
        client_secret: Some(client_secret.into()),
        scopes: default_scopes(),
    }
}

/// Latchkey as the provider knows it: its side of a checked configuration.
#[derive(Clone, Debug)]
pub(super) struct Client {
    pub(super) kind: Kind,
    pub(super) issuer: IssuerUrl,
    pub(super) id: ClientId,
    pub(super) secret: Option<ClientSecret>,
    pub(super) scopes: Vec<Scope>,
}

impl Client {
    pub(super) fn new(config: &OidcConfig) -> Result<Self, ConfigError> {
        let provider = || config.id.clone();
        let empty = |key| ConfigError::Empty {
            provider: provider(),
            key,
        };
        if config.client_id.is_empty() {
            return Err(empty("client_id"));
        }
        if config.client_secret.as_ref().is_some_and(String::is_empty) {
            return Err(empty("client_secret"));
        }
        if !config.scopes.iter().any(|scope| scope == "openid") {
            return Err(ConfigError::ScopeOpenid {
                provider: provider(),
            });
        }
        Ok(Self {
            kind: config.kind,
            issuer: issuer(config)?,
            id: ClientId::new(config.client_id.clone()),
            secret: config.client_secret.clone().map(ClientSecret::new),
            scopes: config.scopes.iter().cloned().map(Scope::new).collect(),
        })
    }
}

fn issuer(config: &OidcConfig) -> Result<IssuerUrl, ConfigError> {
    let (provider, issuer) = (config.id.clone(), config.issuer.clone());
    let Ok(parsed) = IssuerUrl::new(issuer.clone()) else {
        return Err(ConfigError::IssuerNotUrl { provider, issuer });
    };
    let url = parsed.url();
    let named = !url.username().is_empty() || url.password().is_some();
    if named || url.query().is_some() || url.fragment().is_some() {
        return Err(ConfigError::IssuerParts { provider });
    }
    match url.scheme() {
        "https" => Ok(parsed),
        "http" if is_loopback(url) => Ok(parsed),
        _ => Err(ConfigError::IssuerInsecure { provider, issuer }),
    }
}

#[cfg(test)]
mod tests;
