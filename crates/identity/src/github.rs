//! Sign-in with GitHub over OAuth 2.0. GitHub issues no ID tokens to apps that sign users in, so the
//! user is identified by a request to its API.
//!
//! State and PKCE protect the flow; there is no nonce. The user's numeric id is the subject, because
//! a login name can be changed and taken by someone else.

mod api;
mod exchange;

use core::fmt;
use core::time::Duration;

use async_trait::async_trait;
use latchkey_core::{Identity, Profile, Timestamp};
use url::{Host, Url};

use crate::config::{ProviderConfig, StepUp, Timeouts, step};
use crate::error::{ConfigError, ProviderError, SignInError};
use crate::http::HttpClient;
use crate::pkce;
use crate::provider::{
    AuthenticatedProfile, AuthorizationResponse, AuthorizeRequest, Kind, Prompt, Provider,
};
use crate::validation_error::ValidationError;

use exchange::App;

/// The scopes that permit reading the user's email addresses.
const EMAIL_SCOPES: [&str; 2] = ["user:email", "user"];

/// GitHub, or a GitHub Enterprise site. No request is sent to it before the first sign-in.
pub struct GitHubProvider {
    id: String,
    label: String,
    /// The site's URL without a trailing slash, which is also the issuer of its users' identities.
    issuer: String,
    app: App,
    scopes: Vec<String>,
    select_account: bool,
    step_up: StepUp,
    endpoints: Endpoints,
    timeouts: Timeouts,
    http: HttpClient,
}

/// The endpoints of a site.
#[derive(Debug)]
struct Endpoints {
    authorize: Url,
    token: Url,
    user: Url,
    emails: Url,
}

impl Endpoints {
    /// The API of github.com and of sites at ghe.com is on the subdomain `api`, that of a GitHub
    /// Enterprise Server at the path `/api/v3`.
    fn of(site: &Url) -> Option<Self> {
        let base = site.as_str().trim_end_matches('/');
        let api = match site.host() {
            Some(Host::Domain(host)) if host == "github.com" || host.ends_with(".ghe.com") => {
                format!("https://api.{host}")
            }
            _ => format!("{base}/api/v3"),
        };
        let url = |text: String| Url::parse(&text).ok();
        Some(Self {
            authorize: url(format!("{base}/login/oauth/authorize"))?,
            token: url(format!("{base}/login/oauth/access_token"))?,
            user: url(format!("{api}/user"))?,
            emails: url(format!("{api}/user/emails?per_page=100"))?,
        })
    }
}

impl GitHubProvider {
    /// A provider with this configuration, if it is valid.
    pub fn new(config: ProviderConfig, http: HttpClient) -> Result<Self, ConfigError> {
        config.check_client()?;
        let provider = || config.id.clone();
        let client_secret = config.client_secret.clone().ok_or(ConfigError::Empty {
            provider: provider(),
            key: "client_secret",
        })?;
        let site = config.issuer_url()?;
        if site.scheme() == "https"
            && let Some(reason) = http.https_error()
        {
            return Err(ConfigError::NoCertificateAuthorities {
                provider: provider(),
                reason: reason.to_owned(),
            });
        }
        let endpoints = Endpoints::of(&site).ok_or(ConfigError::IssuerNotUrl {
            provider: provider(),
            issuer: config.issuer.clone(),
        })?;
        let timeouts = config.timeouts();
        let step_up = config.effective_step_up();
        Ok(Self {
            issuer: site.as_str().trim_end_matches('/').to_owned(),
            id: config.id,
            label: config.label,
            app: App {
                client_id: config.client_id,
                client_secret,
                token_endpoint: endpoints.token.clone(),
            },
            scopes: config.scopes,
            select_account: config.select_account.unwrap_or(true),
            step_up,
            endpoints,
            timeouts,
            http: http.with_timeout(Timeouts::request(timeouts.finish)),
        })
    }

    /// The URL that begins a sign-in.
    fn begin(&self, request: &AuthorizeRequest<'_>) -> Result<Url, ProviderError> {
        self.check_max_age(request.max_age)?;
        let challenge = pkce::challenge(request.verifier)?;
        let mut url = self.endpoints.authorize.clone();
        let mut query = url.query_pairs_mut();
        query
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.app.client_id)
            .append_pair("redirect_uri", request.redirect_uri)
            .append_pair("scope", &self.scopes.join(" "))
            .append_pair("state", request.state)
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256");
        // GitHub supports no other prompt. Without a prompt, it shows no page to a user who has used
        // this app before, and redirects back at once.
        let must_ask = request.prompt == Prompt::Login || request.max_age.is_some();
        if self.select_account || must_ask {
            query.append_pair("prompt", Prompt::SelectAccount.as_str());
        }
        if let Some(hint) = request.login_hint {
            query.append_pair("login", hint);
        }
        drop(query);
        Ok(url)
    }

    async fn sign_in(
        &self,
        response: &AuthorizationResponse<'_>,
    ) -> Result<AuthenticatedProfile, ProviderError> {
        self.check_response_issuer(response.iss)?;
        self.check_max_age(response.max_age)?;
        let token = exchange::exchange(&self.app, response, &self.http).await?;
        let user = api::user(&self.http, &self.endpoints.user, &token).await?;
        let may_read = |scope: &String| EMAIL_SCOPES.contains(&scope.as_str());
        let email = if self.scopes.iter().any(may_read) {
            api::primary_email(&self.http, &self.endpoints.emails, &token).await?
        } else {
            None
        };
        let (email, email_verified) = match email {
            Some(api::Email { address, verified }) => (Some(address), verified),
            None => (None, false),
        };
        Ok(AuthenticatedProfile {
            profile: Profile {
                identity: Identity {
                    issuer: self.issuer.clone(),
                    subject: user.id.to_string(),
                },
                email,
                email_verified,
                name: user.name,
                hosted_domain: None,
            },
            auth_time: None,
        })
    }

    /// GitHub does not say when the user authenticated. A `max_age` is therefore refused, unless the
    /// configuration lets any new sign-in satisfy it.
    fn check_max_age(&self, max_age: Option<Duration>) -> Result<(), ValidationError> {
        match self.step_up {
            StepUp::AuthTime if max_age.is_some() => Err(ValidationError::AuthTimeUnsupported),
            _ => Ok(()),
        }
    }

    /// Checks the issuer in the redirect, if there is one (RFC 9207 §2.4). In GitHub's metadata
    /// (RFC 8414), the issuer is `/login/oauth` of the site.
    fn check_response_issuer(&self, iss: Option<&str>) -> Result<(), ValidationError> {
        let is_ours = |iss: &str| {
            iss.strip_prefix(&*self.issuer)
                .is_some_and(|rest| rest.is_empty() || rest == "/login/oauth")
        };
        if iss.is_none_or(is_ours) {
            Ok(())
        } else {
            Err(ValidationError::ResponseIssuer)
        }
    }
}

#[async_trait]
impl Provider for GitHubProvider {
    fn id(&self) -> &str {
        &self.id
    }

    fn label(&self) -> &str {
        &self.label
    }

    fn kind(&self) -> Kind {
        Kind::GitHub
    }

    fn supports_step_up(&self) -> bool {
        self.step_up == StepUp::SignInAgain
    }

    async fn authorize_url(
        &self,
        request: &AuthorizeRequest<'_>,
        _now: Timestamp,
    ) -> Result<Url, SignInError> {
        self.begin(request)
            .map_err(|error| error.with_provider(&self.id))
    }

    async fn complete(
        &self,
        response: &AuthorizationResponse<'_>,
        _now: Timestamp,
    ) -> Result<AuthenticatedProfile, SignInError> {
        step(&self.id, self.timeouts.finish, self.sign_in(response)).await
    }
}

impl fmt::Debug for GitHubProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GitHubProvider")
            .field("id", &self.id)
            .field("issuer", &self.issuer)
            .field("client_id", &self.app.client_id)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::Endpoints;

    #[test]
    fn api_follows_from_the_site() {
        for (site, user) in [
            ("https://github.com", "https://api.github.com/user"),
            ("https://github.com/", "https://api.github.com/user"),
            (
                "https://example.ghe.com",
                "https://api.example.ghe.com/user",
            ),
            (
                "https://github.example.com",
                "https://github.example.com/api/v3/user",
            ),
            ("http://127.0.0.1:9000", "http://127.0.0.1:9000/api/v3/user"),
        ] {
            let url = Url::parse(site).expect("a URL");
            let endpoints = Endpoints::of(&url).expect("endpoints");
            assert_eq!(endpoints.user.as_str(), user);
            let base = site.trim_end_matches('/');
            assert_eq!(
                endpoints.token.as_str(),
                format!("{base}/login/oauth/access_token")
            );
        }
    }
}
