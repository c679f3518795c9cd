//! The validated form of the configuration of an OpenID Connect provider.

use openidconnect::{ClientId, IssuerUrl};
use secrecy::SecretString;

use crate::config::{ClientAuth, GOOGLE, ProviderConfig, StepUp, Timeouts};
use crate::error::ConfigError;
use crate::provider::Kind;

/// Apple's issuer identifier. Its scopes `email` and `name` require `response_mode=form_post`.
const APPLE: &str = "https://appleid.apple.com";
/// The hosts of Microsoft Entra.
const ENTRA: [&str; 3] = [
    "login.microsoftonline.com",
    "login.microsoftonline.us",
    "login.partner.microsoftonline.cn",
];
/// In the URL of an Entra issuer, these names stand for several tenants.
const SHARED_TENANTS: [&str; 3] = ["common", "organizations", "consumers"];

/// A validated configuration.
#[derive(Clone, Debug)]
pub(super) struct Client {
    pub(super) kind: Kind,
    pub(super) issuer: IssuerUrl,
    pub(super) id: ClientId,
    pub(super) secret: Option<SecretString>,
    pub(super) auth: Option<ClientAuth>,
    pub(super) scopes: Vec<String>,
    pub(super) select_account: Option<bool>,
    pub(super) step_up: StepUp,
    pub(super) trust_email: bool,
    pub(super) hosted_domain: Option<String>,
    pub(super) timeouts: Timeouts,
}

impl Client {
    pub(super) fn new(config: &ProviderConfig) -> Result<Self, ConfigError> {
        config.check_client()?;
        if !config.scopes.iter().any(|scope| scope == "openid") {
            return Err(ConfigError::ScopeOpenid {
                provider: config.id.clone(),
            });
        }
        Ok(Self {
            kind: config.kind,
            issuer: issuer(config)?,
            id: ClientId::new(config.client_id.clone()),
            secret: config.client_secret.clone(),
            auth: config.client_auth,
            scopes: config.scopes.clone(),
            select_account: config.select_account,
            step_up: config.effective_step_up(),
            trust_email: config.trust_email,
            hosted_domain: config.hosted_domain.clone(),
            timeouts: config.timeouts(),
        })
    }

    /// Whether this is Google itself, not another provider with the kind `google`.
    pub(super) fn is_google(&self) -> bool {
        self.issuer.as_str() == GOOGLE
    }
}

fn issuer(config: &ProviderConfig) -> Result<IssuerUrl, ConfigError> {
    let url = &config.issuer_url()?;
    let (provider, issuer) = (config.id.clone(), config.issuer.clone());
    let Ok(parsed) = IssuerUrl::new(issuer.clone()) else {
        return Err(ConfigError::IssuerNotUrl { provider, issuer });
    };
    if url.path().contains("/.well-known/") {
        return Err(ConfigError::IssuerWellKnown { provider, issuer });
    }
    let first = url.path_segments().and_then(|mut path| path.next());
    let tenant = first.unwrap_or_default().to_ascii_lowercase();
    if url.host_str().is_some_and(|host| ENTRA.contains(&host))
        && SHARED_TENANTS.contains(&tenant.as_str())
    {
        return Err(ConfigError::IssuerShared { provider, tenant });
    }
    let needs_form = |scope: &String| scope == "email" || scope == "name";
    if issuer.trim_end_matches('/') == APPLE && config.scopes.iter().any(needs_form) {
        return Err(ConfigError::AppleScopes { provider });
    }
    Ok(parsed)
}

#[cfg(test)]
mod tests;
