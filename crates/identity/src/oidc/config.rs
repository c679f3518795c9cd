//! The configuration of an OpenID Connect provider, and what it becomes once checked.

use core::fmt;
use core::time::Duration;

use openidconnect::{ClientId, ClientSecret, IssuerUrl};

use crate::error::ConfigError;
use crate::http::is_loopback;
use crate::provider::Kind;

/// Google's issuer identifier.
const GOOGLE: &str = "https://accounts.google.com";
/// Apple's, with which `email` and `name` work only by an answer in a form.
const APPLE: &str = "https://appleid.apple.com";
/// The hosts of Microsoft Entra, and what stands there for several tenants at once.
const ENTRA: [&str; 3] = [
    "login.microsoftonline.com",
    "login.microsoftonline.us",
    "login.partner.microsoftonline.cn",
];
const SHARED_TENANTS: [&str; 3] = ["common", "organizations", "consumers"];

/// How long a sign-in may take to begin, if nothing else is configured: a provider that is down must
/// not leave a person in front of an empty page.
const BEGIN_TIMEOUT: Duration = Duration::from_secs(4);
/// How long it may take to be finished, which is up to four requests.
const FINISH_TIMEOUT: Duration = Duration::from_secs(8);
/// The shortest [`OidcConfig::timeout`].
const MIN_TIMEOUT: Duration = Duration::from_secs(1);
/// The longest [`OidcConfig::timeout`]: the page that waits for it gives up after ten seconds.
const MAX_TIMEOUT: Duration = Duration::from_secs(9);

/// How the client proves to the token endpoint who it is (Core §9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientAuth {
    /// `client_secret_basic`
    Basic,
    /// `client_secret_post`
    Post,
}

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
    /// Whether to ask which account to use at a sign-in. If not set, it is asked where the
    /// provider is known to take the question.
    pub select_account: Option<bool>,
    /// How to send the secret. If not set, as the provider announces, preferably by Basic.
    pub client_auth: Option<ClientAuth>,
    /// Whether an address counts as verified where the provider does not say if it is. Only for
    /// providers at which nobody can enter an address of their own choice.
    pub trust_email: bool,
    /// How long each step of a sign-in may take, however many requests it makes. If not set, four
    /// seconds to begin it and eight to finish it.
    pub timeout: Option<Duration>,
    /// The one domain whose accounts are wanted, as a hint for Google's account chooser.
    pub hosted_domain: Option<String>,
}

impl OidcConfig {
    /// A configuration with nothing but what every provider needs.
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
            .finish_non_exhaustive()
    }
}

/// `openid`, `email` and `profile`: who it is, the address, the name.
pub fn default_scopes() -> Vec<String> {
    ["openid", "email", "profile"].map(str::to_owned).to_vec()
}

/// Google, with the client that its console made.
pub fn google(client_id: impl Into<String>, client_secret: impl Into<String>) -> OidcConfig {
    OidcConfig {
        label: "Google".to_owned(),
        kind: Kind::Google,
        client_secret: Some(client_secret.into()),
        ..OidcConfig::new("google", GOOGLE, client_id)
    }
}

/// Latchkey as the provider knows it: its side of a checked configuration.
#[derive(Clone, Debug)]
pub(super) struct Client {
    pub(super) kind: Kind,
    pub(super) issuer: IssuerUrl,
    pub(super) id: ClientId,
    pub(super) secret: Option<ClientSecret>,
    pub(super) auth: Option<ClientAuth>,
    pub(super) scopes: Vec<String>,
    pub(super) select_account: Option<bool>,
    pub(super) trust_email: bool,
    pub(super) hosted_domain: Option<String>,
    pub(super) limits: Limits,
}

/// How long the steps of a sign-in may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) begin: Duration,
    pub(super) finish: Duration,
}

impl Limits {
    /// How long one request of such a step may take: less than the step, so that the failure of a
    /// shared request is remembered.
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
        if config.client_secret.as_ref().is_some_and(String::is_empty) {
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
            secret: config.client_secret.clone().map(ClientSecret::new),
            auth: config.client_auth,
            scopes: config.scopes.clone(),
            select_account: config.select_account,
            trust_email: config.trust_email,
            hosted_domain: config.hosted_domain.clone(),
            limits: Limits {
                begin: config.timeout.unwrap_or(BEGIN_TIMEOUT),
                finish: config.timeout.unwrap_or(FINISH_TIMEOUT),
            },
        })
    }

    /// Whether this is Google itself, and not just a provider shown as such.
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
    let named = !url.username().is_empty() || url.password().is_some();
    if named || url.query().is_some() || url.fragment().is_some() {
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
