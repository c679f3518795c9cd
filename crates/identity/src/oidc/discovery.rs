//! The discovery document (OpenID Connect Discovery §4). The issuer, the endpoints in use and the
//! algorithms must be valid; unused members are ignored, whatever they contain.

use core::net::IpAddr;
use core::time::Duration;

use openidconnect::IssuerUrl;
use openidconnect::core::CoreJwsSigningAlgorithm;
use serde_json::Value;
use url::{Host, Url};

use crate::error::ProviderError;
use crate::http::{HttpClient, is_loopback};
use crate::json::Object;
use crate::validation_error::ValidationError;

/// How long a document is cached.
pub(super) const TTL: Duration = Duration::from_hours(1);
/// The maximum length of an unexpected issuer in the log, in characters.
const MAX_LOGGED: usize = 200;

/// The validated members of a discovery document.
#[derive(Debug)]
pub(super) struct Metadata {
    pub(super) authorization_endpoint: Url,
    pub(super) token_endpoint: Url,
    pub(super) userinfo_endpoint: Option<Url>,
    pub(super) jwks_uri: Url,
    /// The supported signature algorithms among those that the provider advertises.
    pub(super) algorithms: Vec<CoreJwsSigningAlgorithm>,
    /// Whether the token endpoint supports HTTP Basic.
    pub(super) supports_basic: bool,
    /// The supported values of `prompt`, if the provider lists them.
    pub(super) prompts: Option<Vec<String>>,
    /// Whether every redirect names the issuer (RFC 9207 §3).
    pub(super) sends_iss: bool,
}

/// Fetches the discovery document of `issuer` and validates it.
pub(super) async fn fetch(
    issuer: &IssuerUrl,
    http: &HttpClient,
) -> Result<Metadata, ProviderError> {
    let base = issuer.as_str().trim_end_matches('/');
    let document: Object = match Url::parse(&format!("{base}/.well-known/openid-configuration")) {
        Ok(url) => http
            .get_json(&url)
            .await
            .map_err(|error| error.in_request_to("its discovery endpoint"))?,
        Err(_) => return Err(ValidationError::InsecureEndpoint("issuer").into()),
    };
    tracing::debug!(issuer = issuer.as_str(), "discovery document fetched");
    Ok(Metadata::new(issuer, &document)?)
}

impl Metadata {
    fn new(issuer: &IssuerUrl, document: &Object) -> Result<Self, ValidationError> {
        let named = text(document, "issuer").ok_or(ValidationError::MissingEndpoint("issuer"))?;
        if named != issuer.as_str() {
            let named: String = named.chars().take(MAX_LOGGED).collect();
            tracing::warn!(
                configured = issuer.as_str(),
                discovered = ?named,
                "discovery document names another issuer; if this is the intended provider, \
                 configure the discovered issuer"
            );
            return Err(ValidationError::DiscoveredIssuer);
        }
        let endpoint = |name| optional_endpoint(issuer.url(), document, name);
        let required = |name| endpoint(name)?.ok_or(ValidationError::MissingEndpoint(name));
        let advertised = strings(document, "id_token_signing_alg_values_supported");
        let algorithms: Vec<_> = advertised
            .unwrap_or_default()
            .into_iter()
            .filter_map(|name| serde_json::from_value(name.into()).ok())
            .filter(is_supported)
            .collect();
        if algorithms.is_empty() {
            return Err(ValidationError::NoAlgorithm);
        }
        let methods = strings(document, "token_endpoint_auth_methods_supported");
        Ok(Self {
            authorization_endpoint: required("authorization_endpoint")?,
            token_endpoint: required("token_endpoint")?,
            userinfo_endpoint: endpoint("userinfo_endpoint")?,
            jwks_uri: required("jwks_uri")?,
            algorithms,
            supports_basic: methods
                .is_none_or(|methods| methods.iter().any(|known| known == "client_secret_basic")),
            prompts: strings(document, "prompt_values_supported"),
            sends_iss: boolean(document, "authorization_response_iss_parameter_supported"),
        })
    }
}

fn text<'a>(document: &'a Object, name: &str) -> Option<&'a str> {
    document.get(name)?.as_str()
}

/// The strings in a list; other elements are dropped. `None` if the member is not a list.
fn strings(document: &Object, name: &str) -> Option<Vec<String>> {
    let list = document.get(name)?.as_array()?;
    let texts = list.iter().filter_map(Value::as_str);
    Some(texts.map(str::to_owned).collect())
}

/// A boolean. Some providers write it as a string.
fn boolean(document: &Object, name: &str) -> bool {
    match document.get(name) {
        Some(Value::Bool(yes)) => *yes,
        Some(Value::String(text)) => text == "true",
        _ => false,
    }
}

/// The URL of an endpoint. A blank one counts as missing.
fn optional_endpoint(
    issuer: &Url,
    document: &Object,
    name: &'static str,
) -> Result<Option<Url>, ValidationError> {
    let text = match document.get(name) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) if text.trim().is_empty() => return Ok(None),
        Some(Value::String(text)) => text,
        Some(_) => return Err(ValidationError::InsecureEndpoint(name)),
    };
    let url = Url::parse(text).map_err(|_| ValidationError::InsecureEndpoint(name))?;
    if !is_secure(issuer, &url) {
        return Err(ValidationError::InsecureEndpoint(name));
    }
    if is_internal(&url) && !is_internal(issuer) {
        return Err(ValidationError::InternalEndpoint(name));
    }
    Ok(Some(url))
}

/// Whether the scheme of `url` is allowed for this issuer: https, or http with a loopback address
/// if the issuer is such a URL too.
fn is_secure(issuer: &Url, url: &Url) -> bool {
    match url.scheme() {
        "https" => true,
        "http" => issuer.scheme() == "http" && is_loopback(url),
        _ => false,
    }
}

/// Whether the host of this URL is a loopback or internal address: a provider on the internet must
/// not direct requests there. Names that resolve to such an address are not detected.
fn is_internal(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            name == "localhost" || name.ends_with(".localhost")
        }
        Some(Host::Ipv4(address)) => is_internal_address(address.into()),
        Some(Host::Ipv6(address)) => is_internal_address(address.into()),
        None => true,
    }
}

fn is_internal_address(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            let [first, second, ..] = address.octets();
            address.is_loopback()
                || address.is_private()
                || address.is_link_local()
                || address.is_broadcast()
                || address.is_multicast()
                || first == 0
                // Shared address space (RFC 6598).
                || (first == 100 && (64..128).contains(&second))
        }
        IpAddr::V6(address) => {
            address.is_loopback()
                || address.is_unspecified()
                || address.is_unique_local()
                || address.is_unicast_link_local()
                || address.is_multicast()
        }
    }
}

/// Only asymmetric algorithms are supported: with a shared secret, every verifier could sign.
fn is_supported(algorithm: &CoreJwsSigningAlgorithm) -> bool {
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
