//! The configuration of an OpenID Connect provider, and its validated form.

use core::fmt;
use core::time::Duration;

use openidconnect::{ClientId, IssuerUrl};
use secrecy::{ExposeSecret as _, SecretString};

use crate::error::ConfigError;
use crate::http::is_loopback;
use crate::provider::Kind;

/// Google's issuer identifier.
const GOOGLE: &str = "https://accounts.google.com";
/// Apple's issuer identifier. Its scopes `email` and `name` require `response_mode=form_post`.
const APPLE: &str = "https://appleid.apple.com";
/// The hosts of Microsoft Entra.
const ENTRA: [&str; 3] = [
    "login.microsoftonline.com",
    "login.microsoftonline.us",
    "login.partner.microsoftonline.cn",
];
/// Its aliases for several tenants.
const SHARED_TENANTS: [&str; 3] = ["common", "organizations", "consumers"];

/// The default time limit for beginning a sign-in: if the provider is down, the user must not be
/// left in front of an empty page.
const BEGIN_TIMEOUT: Duration = Duration::from_secs(4);
/// The default time limit for finishing a sign-in, which takes up to four requests.
const FINISH_TIMEOUT: Duration = Duration::from_secs(8);
/// The shortest [`OidcConfig::timeout`].
const MIN_TIMEOUT: Duration = Duration::from_secs(1);
/// The longest [`OidcConfig::timeout`]: the waiting page gives up after ten seconds.
const MAX_TIMEOUT: Duration = Duration::from_secs(9);

/// How the client authenticates at the token endpoint (OpenID Connect Core §9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientAuth {
    /// `client_secret_basic`
    Basic,
    /// `client_secret_post`
    Post,
}

/// The configuration of a provider.
#[derive(Clone)]
pub struct OidcConfig {
    /// Its id, the `provider` of `GET /auth/login`.
    pub id: String,
    /// The label of its button.
    pub label: String,
    /// The kind to show it as.
    pub kind: Kind,
    /// The issuer identifier, exactly as in the discovery document: an https URL, or an http URL
    /// with a loopback address.
    pub issuer: String,
    /// The client identifier assigned by the provider.
    pub client_id: String,
    /// The client secret assigned by the provider; `None` for a public client.
    pub client_secret: Option<SecretString>,
    /// The scopes to request; [`default_scopes`] suits most providers.
    pub scopes: Vec<String>,
    /// Whether to request the account chooser at a sign-in. `None`: if the provider is known to
    /// support it.
    pub select_account: Option<bool>,
    /// How to send the client secret. `None`: as the provider advertises, preferably by HTTP Basic.
    pub client_auth: Option<ClientAuth>,
    /// Whether an email address counts as verified if the provider does not say whether it is.
    /// Only safe if users of the provider cannot choose their address.
    pub trust_email: bool,
    /// The time limit for each step of a sign-in, for all its requests together: 1 to 9 seconds.
    /// `None`: four seconds to begin it and eight to finish it.
    pub timeout: Option<Duration>,
    /// The domain to show in Google's account chooser. It is only a hint; users of other domains
    /// can still sign in.
    pub hosted_domain: Option<String>,
}

impl OidcConfig {
    /// A configuration with the required values; everything else has its default.
    pub fn new(
        id: impl Into<String>,
        issuer: impl Into<String>,
        client_id: impl Into<String>,
    ) -> Self {
        let id = id.into();
        Self {
            label: id.clone(),
            id,
            kind: Kind::Oidc,
            issuer: issuer.into(),
            client_id: client_id.into(),
            client_secret: None,
            scopes: default_scopes(),
            select_account: None,
            client_auth: None,
            trust_email: false,
            timeout: None,
            hosted_domain: None,
        }
    }
}

/// Hides the client secret, so that `{:?}` cannot write it to a log.
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
            .finish_non_exhaustive()
    }
}

/// `openid`, `email` and `profile`: the subject, the email address, the name.
pub fn default_scopes() -> Vec<String> {
    ["openid", "email", "profile"].map(str::to_owned).to_vec()
}

/// The configuration for Google, with a client created in its console.
pub fn google(client_id: impl Into<String>, client_secret: impl Into<SecretString>) -> OidcConfig {
    OidcConfig {
        label: "Google".to_owned(),
        kind: Kind::Google,
        client_secret: Some(client_secret.into()),
        ..OidcConfig::new("google", GOOGLE, client_id)
    }
}

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
    pub(super) trust_email: bool,
    pub(super) hosted_domain: Option<String>,
    pub(super) timeouts: Timeouts,
}

/// The timeouts of the two steps of a sign-in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timeouts {
    pub(super) begin: Duration,
    pub(super) finish: Duration,
}

impl Timeouts {
    /// The time limit of one request in such a step. It is shorter than the step, so that the
    /// failure of a shared request is cached before the step is canceled.
    pub(super) fn request(step: Duration) -> Duration {
        step * 7 / 8
    }
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
        let secret = config.client_secret.as_ref();
        if secret.is_some_and(|secret| secret.expose_secret().is_empty()) {
            return Err(empty("client_secret"));
        }
        if !config.scopes.iter().any(|scope| scope == "openid") {
            return Err(ConfigError::ScopeOpenid {
                provider: provider(),
            });
        }
        if config
            .timeout
            .is_some_and(|timeout| !(MIN_TIMEOUT..=MAX_TIMEOUT).contains(&timeout))
        {
            return Err(ConfigError::Timeout {
                provider: provider(),
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
            trust_email: config.trust_email,
            hosted_domain: config.hosted_domain.clone(),
            timeouts: Timeouts {
                begin: config.timeout.unwrap_or(BEGIN_TIMEOUT),
                finish: config.timeout.unwrap_or(FINISH_TIMEOUT),
            },
        })
    }

    /// Whether this is Google itself, not another provider with the kind `google`.
    pub(super) fn is_google(&self) -> bool {
        self.issuer.as_str() == GOOGLE
    }
}

fn issuer(config: &OidcConfig) -> Result<IssuerUrl, ConfigError> {
    let (provider, issuer) = (config.id.clone(), config.issuer.clone());
    let Ok(parsed) = IssuerUrl::new(issuer.clone()) else {
        return Err(ConfigError::IssuerNotUrl { provider, issuer });
    };
    let url = parsed.url();
    let has_user = !url.username().is_empty() || url.password().is_some();
    if has_user || url.query().is_some() || url.fragment().is_some() {
        return Err(ConfigError::IssuerParts { provider });
    }
    match url.scheme() {
        "https" => {}
        "http" if is_loopback(url) => {}
        _ => return Err(ConfigError::IssuerInsecure { provider, issuer }),
    }
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
