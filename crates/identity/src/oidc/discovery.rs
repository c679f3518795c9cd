//! The provider's own description of itself (OpenID Connect Discovery §4).

use core::time::Duration;

use openidconnect::core::{
    CoreAuthDisplay, CoreClaimName, CoreClaimType, CoreClientAuthMethod, CoreGrantType,
    CoreJsonWebKey, CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm,
    CoreJwsSigningAlgorithm, CoreResponseMode, CoreResponseType, CoreSubjectIdentifierType,
};
use openidconnect::{
    AdditionalProviderMetadata, AuthUrl, IssuerUrl, JsonWebKeySetUrl, ProviderMetadata, TokenUrl,
    UserInfoUrl,
};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::check::Check;
use crate::error::Fault;
use crate::http::{HttpClient, is_loopback};

/// How long a document is used before it is fetched again.
pub(super) const LIFE: Duration = Duration::from_hours(1);

/// What this crate uses of a discovery document, checked.
#[derive(Debug)]
pub(super) struct Metadata {
    pub(super) authorization_endpoint: AuthUrl,
    pub(super) token_endpoint: TokenUrl,
    pub(super) userinfo_endpoint: Option<UserInfoUrl>,
    pub(super) jwks_uri: JsonWebKeySetUrl,
    /// The algorithms that the provider announces and that are taken here.
    pub(super) algorithms: Vec<CoreJwsSigningAlgorithm>,
    /// Whether the token endpoint takes the client's secret by HTTP Basic.
    pub(super) takes_basic: bool,
    /// Whether every answer says which issuer it is from (RFC 9207 §3).
    pub(super) answers_name_issuer: bool,
}

/// The field of RFC 9207 §3.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct AnswersNameIssuer {
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

impl AdditionalProviderMetadata for AnswersNameIssuer {}

type Document = ProviderMetadata<
    AnswersNameIssuer,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

/// Asks `issuer` for its discovery document and checks it.
pub(super) async fn fetch(issuer: &IssuerUrl, http: &HttpClient) -> Result<Metadata, Fault> {
    let base = issuer.as_str().trim_end_matches('/');
    let document: Document = match Url::parse(&format!("{base}/.well-known/openid-configuration")) {
        Ok(url) => http
            .get_json(&url)
            .await
            .map_err(|error| error.at("its discovery document"))?,
        Err(_) => return Err(Check::InsecureEndpoint("issuer").into()),
    };
    tracing::debug!(issuer = issuer.as_str(), "discovery document fetched");
    Ok(Metadata::new(issuer, &document)?)
}

impl Metadata {
    fn new(issuer: &IssuerUrl, document: &Document) -> Result<Self, Check> {
        if document.issuer().as_str() != issuer.as_str() {
            return Err(Check::DiscoveredIssuer);
        }
        let token_endpoint = document
            .token_endpoint()
            .ok_or(Check::MissingEndpoint("token_endpoint"))?;
        let endpoints = [
            (
                "authorization_endpoint",
                Some(document.authorization_endpoint().url()),
            ),
            ("token_endpoint", Some(token_endpoint.url())),
            (
                "userinfo_endpoint",
                document.userinfo_endpoint().map(UserInfoUrl::url),
            ),
            ("jwks_uri", Some(document.jwks_uri().url())),
        ];
        for (name, url) in endpoints {
            if url.is_some_and(|url| !is_as_safe_as(issuer.url(), url)) {
                return Err(Check::InsecureEndpoint(name));
            }
        }
        let announced = document.id_token_signing_alg_values_supported().iter();
        let algorithms: Vec<_> = announced.filter(|alg| is_taken(alg)).cloned().collect();
        if algorithms.is_empty() {
            return Err(Check::NoAlgorithm);
        }
        let methods = document.token_endpoint_auth_methods_supported();
        let takes_basic = methods
            .is_none_or(|methods| methods.contains(&CoreClientAuthMethod::ClientSecretBasic));
        let extension = document.additional_metadata();
        Ok(Self {
            authorization_endpoint: document.authorization_endpoint().clone(),
            token_endpoint: token_endpoint.clone(),
            userinfo_endpoint: document.userinfo_endpoint().cloned(),
            jwks_uri: document.jwks_uri().clone(),
            algorithms,
            takes_basic,
            answers_name_issuer: extension.authorization_response_iss_parameter_supported,
        })
    }
}

/// Whether `url` may be used for a provider with this issuer: https, or, if the issuer itself is on
/// this machine, an address of this machine.
fn is_as_safe_as(issuer: &Url, url: &Url) -> bool {
    match url.scheme() {
        "https" => true,
        "http" => issuer.scheme() == "http" && is_loopback(url),
        _ => false,
    }
}

/// Asymmetric signatures only: with a shared secret, whoever can verify could sign.
fn is_taken(algorithm: &CoreJwsSigningAlgorithm) -> bool {
    use CoreJwsSigningAlgorithm as Alg;
    matches!(
        algorithm,
        Alg::RsaSsaPkcs1V15Sha256
            | Alg::RsaSsaPkcs1V15Sha384
            | Alg::RsaSsaPkcs1V15Sha512
            | Alg::RsaSsaPssSha256
            | Alg::RsaSsaPssSha384
            | Alg::RsaSsaPssSha512
            | Alg::EcdsaP256Sha256
            | Alg::EcdsaP384Sha384
            | Alg::EdDsa
    )
}

#[cfg(test)]
mod tests;
