//! The configuration of a provider, whatever its protocol, and the checks that all protocols share.
//! Ready-made configurations are in `presets`.

use core::fmt;
use core::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use crate::error::{ConfigError, ProviderError, SignInError};
use crate::http::is_loopback;
use crate::provider::Kind;

/// The default time limit for beginning a sign-in: if the provider is down, the user must not be
/// left looking at an empty page.
const BEGIN_TIMEOUT: Duration = Duration::from_secs(4);
/// The default time limit for finishing a sign-in, which takes several requests.
const FINISH_TIMEOUT: Duration = Duration::from_secs(8);
/// The shortest [`ProviderConfig::timeout`].
const MIN_TIMEOUT: Duration = Duration::from_secs(1);
/// The longest [`ProviderConfig::timeout`]: the callback page gives up after ten seconds.
const MAX_TIMEOUT: Duration = Duration::from_secs(9);

/// Google's issuer identifier.
pub(crate) const GOOGLE: &str = "https://accounts.google.com";

/// How the client authenticates at the token endpoint (OpenID Connect Core §9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientAuth {
    /// `client_secret_basic`
    Basic,
    /// `client_secret_post`
    Post,
}

/// What counts as a recent sign-in at a provider, for a step-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepUp {
    /// Only a recent time of authentication that the provider reports (`auth_time`).
    AuthTime,
    /// Also a new sign-in at a provider that reports no time. The request has the strictest prompt
    /// that the provider supports, but the provider decides whether the user enters a password:
    /// anyone who uses the browser while the user is signed in at the provider may pass the
    /// step-up.
    SignInAgain,
}

/// The configuration of a provider.
#[derive(Clone)]
pub struct ProviderConfig {
    /// Its id, the `provider` of `GET /auth/login`.
    pub id: String,
    /// The label of its button.
    pub label: String,
    /// Its kind, which determines its protocol and the logo on its button.
    pub kind: Kind,
    /// The issuer identifier: an https URL, or an http URL with a loopback address. For OpenID
    /// Connect it is exactly the one in the discovery document, for GitHub the URL of the site.
    pub issuer: String,
    /// The client identifier assigned by the provider.
    pub client_id: String,
    /// The client secret assigned by the provider; `None` for a public client.
    pub client_secret: Option<SecretString>,
    /// The scopes to request; [`default_scopes`] suits most OpenID Connect providers.
    pub scopes: Vec<String>,
    /// Whether to request the account chooser at a sign-in. `None`: if the provider is known to
    /// support it.
    pub select_account: Option<bool>,
    /// What counts as a recent sign-in. `None`: [`StepUp::SignInAgain`] for Google's issuer, which
    /// offers nothing else, otherwise [`StepUp::AuthTime`].
    pub step_up: Option<StepUp>,
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

impl ProviderConfig {
    /// An OpenID Connect provider with the required values; everything else has its default.
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
            step_up: None,
            client_auth: None,
            trust_email: false,
            timeout: None,
            hosted_domain: None,
        }
    }
}

/// Hides the client secret, so that `{:?}` cannot write it to a log.
impl fmt::Debug for ProviderConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProviderConfig")
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

impl ProviderConfig {
    /// Checks the client id, the client secret and the timeout.
    pub(crate) fn check_client(&self) -> Result<(), ConfigError> {
        let empty = |key| ConfigError::Empty {
            provider: self.id.clone(),
            key,
        };
        if self.client_id.is_empty() {
            return Err(empty("client_id"));
        }
        let secret = self.client_secret.as_ref();
        if secret.is_some_and(|secret| secret.expose_secret().is_empty()) {
            return Err(empty("client_secret"));
        }
        if self
            .timeout
            .is_some_and(|timeout| !(MIN_TIMEOUT..=MAX_TIMEOUT).contains(&timeout))
        {
            return Err(ConfigError::Timeout {
                provider: self.id.clone(),
            });
        }
        Ok(())
    }

    /// The issuer as a URL: https, or http with a loopback address, and nothing but scheme, host,
    /// port and path.
    pub(crate) fn issuer_url(&self) -> Result<Url, ConfigError> {
        let (provider, issuer) = (self.id.clone(), self.issuer.clone());
        let Ok(url) = Url::parse(&issuer) else {
            return Err(ConfigError::IssuerNotUrl { provider, issuer });
        };
        let has_user = !url.username().is_empty() || url.password().is_some();
        if has_user || url.query().is_some() || url.fragment().is_some() {
            return Err(ConfigError::IssuerParts { provider });
        }
        match url.scheme() {
            "https" => Ok(url),
            "http" if is_loopback(&url) => Ok(url),
            _ => Err(ConfigError::IssuerInsecure { provider, issuer }),
        }
    }

    /// What counts as a recent sign-in.
    pub(crate) fn effective_step_up(&self) -> StepUp {
        self.step_up.unwrap_or(if self.issuer == GOOGLE {
            StepUp::SignInAgain
        } else {
            StepUp::AuthTime
        })
    }

    /// The timeouts of the two steps of a sign-in.
    pub(crate) fn timeouts(&self) -> Timeouts {
        Timeouts {
            begin: self.timeout.unwrap_or(BEGIN_TIMEOUT),
            finish: self.timeout.unwrap_or(FINISH_TIMEOUT),
        }
    }
}

/// The timeouts of the two steps of a sign-in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timeouts {
    pub(crate) begin: Duration,
    pub(crate) finish: Duration,
}

impl Timeouts {
    /// The time limit of one request in a step with the time limit `step`. It is shorter, so that
    /// the failure of a shared request is cached before the step is canceled.
    pub(crate) fn request(step: Duration) -> Duration {
        step * 7 / 8
    }
}

/// Runs one step of a sign-in within its time limit, and adds the provider to an error.
pub(crate) async fn step<T>(
    provider: &str,
    limit: Duration,
    work: impl Future<Output = Result<T, ProviderError>>,
) -> Result<T, SignInError> {
    let result = tokio::time::timeout(limit, work).await.unwrap_or_else(|_| {
        Err(ProviderError::Unavailable(format!(
            "no complete response within {} seconds",
            limit.as_secs()
        )))
    });
    result.map_err(|error| error.with_provider(provider))
}
