//! Sign-in with OpenID Connect: the authorization code flow with PKCE, with any issuer that
//! publishes a discovery document (OpenID Connect Core and Discovery, RFC 7636, RFC 9207).

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
use std::sync::Arc;

use async_trait::async_trait;
use latchkey_core::Timestamp;
use url::Url;

use crate::config::{ProviderConfig, StepUp, Timeouts, step};
use crate::error::{ConfigError, ProviderError, SignInError};
use crate::http::HttpClient;
use crate::json::Object;
use crate::provider::{
    AuthenticatedProfile, AuthorizationResponse, AuthorizeRequest, Kind, Provider,
};
use crate::validation_error::ValidationError;

use cache::Cached;
use discovery::Metadata;
use id_token::{Expected, IdToken, Verified};
use jwks::KeySet;
use jwt::Rejection;
use profile::Trust;

/// An OpenID Connect provider. No request is sent to it before the first sign-in.
pub struct OidcProvider {
    id: String,
    label: String,
    kind: Kind,
    client: config::Client,
    /// For discovery, with the time limit for beginning a sign-in.
    begin: HttpClient,
    /// For the requests that finish a sign-in: to the token, JWKS and userinfo endpoints.
    finish: HttpClient,
    metadata: Cached<Metadata>,
    keys: Cached<KeySet>,
}

impl OidcProvider {
    /// A provider with this configuration, if it is valid.
    pub fn new(config: ProviderConfig, http: HttpClient) -> Result<Self, ConfigError> {
        let client = config::Client::new(&config)?;
        if client.issuer.url().scheme() == "https"
            && let Some(reason) = http.https_error()
        {
            let reason = reason.to_owned();
            return Err(ConfigError::NoCertificateAuthorities {
                provider: config.id,
                reason,
            });
        }
        let Timeouts { begin, finish } = client.timeouts;
        let begin = http.clone().with_timeout(Timeouts::request(begin));
        let finish = http.with_timeout(Timeouts::request(finish));
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

    async fn metadata(&self, now: Timestamp) -> Result<Arc<Metadata>, ProviderError> {
        let fetch = discovery::fetch(&self.client.issuer, &self.begin);
        self.metadata.get(now, discovery::TTL, fetch).await
    }

    async fn sign_in(
        &self,
        response: &AuthorizationResponse<'_>,
        now: Timestamp,
    ) -> Result<AuthenticatedProfile, ProviderError> {
        let metadata = self.metadata(now).await?;
        self.check_response_issuer(&metadata, response.iss)?;
        let tokens = exchange::exchange(&self.client, &metadata, response, &self.finish).await?;
        let id_token = IdToken::parse(&tokens.id_token)?;
        let expected = Expected {
            client: &self.client,
            algorithms: &metadata.algorithms,
            nonce: response.nonce,
            max_age: response.max_age,
            access_token: &tokens.access_token,
            now,
        };
        let fetch = || jwks::fetch(&metadata.jwks_uri, &self.finish);
        let mut keys = self.keys.get(now, jwks::TTL, fetch()).await?;
        let mut verified = id_token.verify(&keys, &expected);
        if let Err(Rejection::UnknownKey) = verified
            && let Some(newer) = self
                .keys
                .refresh(&keys, now, jwks::MIN_REFRESH_INTERVAL, fetch())
                .await?
        {
            keys = newer;
            verified = id_token.verify(&keys, &expected);
        }
        let claims = verified.map_err(ValidationError::from)?;
        let info = match &metadata.userinfo_endpoint {
            Some(endpoint) => {
                let request = userinfo::UserinfoRequest {
                    client: &self.client,
                    endpoint,
                    keys: &keys,
                    algorithms: &metadata.algorithms,
                    access_token: &tokens.access_token,
                    subject: claims.subject,
                };
                self.info(&request, claims).await?
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

    /// The claims from the userinfo endpoint. If it responds with a 4xx status, only the ID token can
    /// be used: the result is `None`, or an error if the scope `email` was requested and the ID
    /// token has no email address.
    async fn info(
        &self,
        request: &userinfo::UserinfoRequest<'_>,
        token: Verified<'_>,
    ) -> Result<Option<Object>, ProviderError> {
        let status = match request.send(&self.finish).await? {
            userinfo::UserinfoResponse::Claims(claims) => return Ok(Some(claims)),
            userinfo::UserinfoResponse::Refused(status) => status,
        };
        let requests_email = self.client.scopes.iter().any(|scope| scope == "email");
        if requests_email && !profile::has_email(token.claims) {
            return Err(ProviderError::Refused(format!(
                "its userinfo endpoint responded with status {status}, and the ID token has no \
                 email address; allow this client to use that endpoint, or add the claim `email` \
                 to the ID token"
            )));
        }
        tracing::warn!(
            provider = self.id,
            status,
            "userinfo request failed; using only the ID token"
        );
        Ok(None)
    }

    /// RFC 9207 §2.4: the redirect must have come from the provider that the request was sent to.
    fn check_response_issuer(
        &self,
        metadata: &Metadata,
        iss: Option<&str>,
    ) -> Result<(), ValidationError> {
        match iss {
            Some(iss) if iss == self.client.issuer.as_str() => Ok(()),
            Some(_) => Err(ValidationError::ResponseIssuer),
            None if metadata.sends_iss => Err(ValidationError::ResponseIssuerMissing),
            None => Ok(()),
        }
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

    fn supports_step_up(&self) -> bool {
        // Google never sends `auth_time`.
        !self.client.is_google() || self.client.step_up == StepUp::SignInAgain
    }

    async fn authorize_url(
        &self,
        request: &AuthorizeRequest<'_>,
        now: Timestamp,
    ) -> Result<Url, SignInError> {
        step(&self.id, self.client.timeouts.begin, async {
            let metadata = self.metadata(now).await?;
            authorize::authorize_url(&self.client, &metadata, request)
        })
        .await
    }

    async fn complete(
        &self,
        response: &AuthorizationResponse<'_>,
        now: Timestamp,
    ) -> Result<AuthenticatedProfile, SignInError> {
        let limit = self.client.timeouts.finish;
        step(&self.id, limit, self.sign_in(response, now)).await
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
