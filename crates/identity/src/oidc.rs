//! Sign-in by OpenID Connect: the authorization code flow with PKCE, at any issuer that can be
//! discovered (OpenID Connect Core, OpenID Connect Discovery, RFC 7636, RFC 9207).

mod authorize;
mod cache;
mod config;
mod discovery;
mod exchange;
mod id_token;
mod jwks;
mod jwt;
mod profile;
mod userinfo;

use core::fmt;
use core::time::Duration;
use std::sync::Arc;

use async_trait::async_trait;
use latchkey_core::Timestamp;
use tokio::time::timeout;
use url::Url;

use crate::check::Check;
use crate::error::{ConfigError, Fault, SignInError};
use crate::http::HttpClient;
use crate::provider::{
    AuthenticatedProfile, AuthorizationAnswer, AuthorizeRequest, Kind, Provider,
};

use cache::Cached;
use config::Limits;
use discovery::Metadata;
use id_token::{Expected, IdToken, Verified};
use jwks::KeySet;
use jwt::Object;
use jwt::Rejection;
use profile::Trust;

pub use config::{ClientAuth, OidcConfig, default_scopes, google};

/// A provider that speaks OpenID Connect. Nothing is asked of it before somebody signs in.
pub struct OidcProvider {
    id: String,
    label: String,
    kind: Kind,
    client: config::Client,
    /// For what is asked to begin a sign-in, and to finish one.
    begin: HttpClient,
    finish: HttpClient,
    metadata: Cached<Metadata>,
    keys: Cached<KeySet>,
}

impl OidcProvider {
    /// Takes a configuration, or says what is wrong with it.
    pub fn new(config: OidcConfig, http: HttpClient) -> Result<Self, ConfigError> {
        let client = config::Client::new(&config)?;
        if client.issuer.url().scheme() == "https"
            && let Some(reason) = http.https_trouble()
        {
            let reason = reason.to_owned();
            return Err(ConfigError::NoCertificateAuthorities {
                provider: config.id,
                reason,
            });
        }
        let Limits { begin, finish } = client.limits;
        let begin = http.clone().within(Limits::request(begin));
        let finish = http.within(Limits::request(finish));
        Ok(Self {
            id: config.id,
            label: config.label,
            kind: config.kind,
            client,
            begin,
            finish,
            metadata: Cached::default(),
            keys: Cached::default(),
        })
    }

    async fn metadata(&self, now: Timestamp) -> Result<Arc<Metadata>, Fault> {
        let fetch = discovery::fetch(&self.client.issuer, &self.begin);
        self.metadata.get(now, discovery::LIFE, fetch).await
    }

    async fn sign_in(
        &self,
        answer: &AuthorizationAnswer<'_>,
        now: Timestamp,
    ) -> Result<AuthenticatedProfile, Fault> {
        let metadata = self.metadata(now).await?;
        self.check_answer_issuer(&metadata, answer.iss)?;
        let tokens = exchange::exchange(&self.client, &metadata, answer, &self.finish).await?;
        let id_token = IdToken::parse(&tokens.id_token)?;
        let expected = Expected {
            client: &self.client,
            algorithms: &metadata.algorithms,
            nonce: answer.nonce,
            max_age: answer.max_age,
            access_token: &tokens.access_token,
            now,
        };
        let fetch = || jwks::fetch(&metadata.jwks_uri, &self.finish);
        let mut keys = self.keys.get(now, jwks::LIFE, fetch()).await?;
        let mut verified = id_token.verify(&keys, &expected);
        if let Err(Rejection::Key) = verified
            && let Some(newer) = self.keys.renew(&keys, now, jwks::PAUSE, fetch()).await?
        {
            keys = newer;
            verified = id_token.verify(&keys, &expected);
        }
        let claims = verified.map_err(Check::from)?;
        let info = match &metadata.userinfo_endpoint {
            Some(endpoint) => {
                let question = userinfo::Question {
                    client: &self.client,
                    endpoint,
                    keys: &keys,
                    algorithms: &metadata.algorithms,
                    access_token: &tokens.access_token,
                    subject: claims.subject,
                };
                self.info(&question, claims).await?
            }
            None => None,
        };
        let trust = Trust {
            email: self.client.trust_email,
            hosted_domain: self.kind == Kind::Google || self.client.is_google(),
        };
        Ok(AuthenticatedProfile {
            profile: profile::profile(claims, info.as_ref(), trust),
            auth_time: id_token::auth_time(claims.claims),
        })
    }

    /// What the userinfo endpoint adds. One that does not take the access token has no second
    /// opinion on the subject, so the ID token stands alone, if it holds what was asked for.
    async fn info(
        &self,
        question: &userinfo::Question<'_>,
        token: Verified<'_>,
    ) -> Result<Option<Object>, Fault> {
        let status = match question.ask(&self.finish).await? {
            userinfo::Answer::Claims(claims) => return Ok(Some(claims)),
            userinfo::Answer::Refused(status) => status,
        };
        let asked_for_email = self.client.scopes.iter().any(|scope| scope == "email");
        if asked_for_email && !profile::has_email(token.claims) {
            return Err(Fault::Refused(format!(
                "its userinfo endpoint answered with status {status}, and the ID token holds no \
                 email address; allow this client to use that endpoint, or add the claim `email` \
                 to the ID token"
            )));
        }
        tracing::warn!(
            provider = self.id,
            status,
            "the userinfo endpoint refuses the access token; the ID token alone is used"
        );
        Ok(None)
    }

    /// RFC 9207 §2.4: the answer to a request to this provider must have come from it.
    fn check_answer_issuer(&self, metadata: &Metadata, iss: Option<&str>) -> Result<(), Check> {
        match iss {
            Some(iss) if iss == self.client.issuer.as_str() => Ok(()),
            Some(_) => Err(Check::AnswerIssuer),
            None if metadata.answers_name_issuer => Err(Check::AnswerIssuerMissing),
            None => Ok(()),
        }
    }

    /// Does one step of a sign-in within its time, and says which provider a failure is about.
    async fn step<T>(
        &self,
        limit: Duration,
        work: impl Future<Output = Result<T, Fault>>,
    ) -> Result<T, SignInError> {
        let done = timeout(limit, work).await.unwrap_or_else(|_| {
            Err(Fault::Unavailable(format!(
                "no full answer in {} seconds",
                limit.as_secs()
            )))
        });
        done.map_err(|fault| fault.of(&self.id))
    }
}

#[async_trait]
impl Provider for OidcProvider {
    fn id(&self) -> &str {
        &self.id
    }

    fn label(&self) -> &str {
        &self.label
    }

    fn kind(&self) -> Kind {
        self.kind
    }

    async fn authorize_url(
        &self,
        request: &AuthorizeRequest<'_>,
        now: Timestamp,
    ) -> Result<Url, SignInError> {
        self.step(self.client.limits.begin, async {
            let metadata = self.metadata(now).await?;
            authorize::authorize_url(&self.client, &metadata, request)
        })
        .await
    }

    async fn complete(
        &self,
        answer: &AuthorizationAnswer<'_>,
        now: Timestamp,
    ) -> Result<AuthenticatedProfile, SignInError> {
        let limit = self.client.limits.finish;
        self.step(limit, self.sign_in(answer, now)).await
    }
}

impl fmt::Debug for OidcProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OidcProvider")
            .field("id", &self.id)
            .field("kind", &self.kind)
            .field("client", &self.client)
            .finish_non_exhaustive()
    }
}
