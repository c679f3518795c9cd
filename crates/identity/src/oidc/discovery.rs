//! The provider's own description of itself (OpenID Connect Discovery §4). The issuer, the
//! endpoints in use and the algorithms must be right; members that nobody here uses are passed
//! over, whatever they hold.

use core::net::IpAddr;
use core::time::Duration;

use openidconnect::IssuerUrl;
use openidconnect::core::CoreJwsSigningAlgorithm;
use serde_json::Value;
use url::{Host, Url};

use super::jwt::Object;
use crate::check::Check;
use crate::error::Fault;
use crate::http::{HttpClient, is_loopback};

/// How long a document is used before it is fetched again.
pub(super) const LIFE: Duration = Duration::from_hours(1);
/// How much of a foreign issuer is written to the log, in characters.
const LOGGED: usize = 200;

/// What this crate uses of a discovery document, checked.
#[derive(Debug)]
pub(super) struct Metadata {
    pub(super) authorization_endpoint: Url,
    pub(super) token_endpoint: Url,
    pub(super) userinfo_endpoint: Option<Url>,
    pub(super) jwks_uri: Url,
    /// The algorithms that the provider announces and that are taken here.
    pub(super) algorithms: Vec<CoreJwsSigningAlgorithm>,
    /// Whether the token endpoint takes the client's secret by HTTP Basic.
    pub(super) takes_basic: bool,
    /// The values of `prompt` that the provider lists, if it lists them.
    pub(super) prompts: Option<Vec<String>>,
    /// Whether every answer says which issuer it is from (RFC 9207 §3).
    pub(super) answers_name_issuer: bool,
}

/// Asks `issuer` for its discovery document and checks it.
pub(super) async fn fetch(issuer: &IssuerUrl, http: &HttpClient) -> Result<Metadata, Fault> {
    let base = issuer.as_str().trim_end_matches('/');
    let document: Object = match Url::parse(&format!("{base}/.well-known/openid-configuration")) {
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
    fn new(issuer: &IssuerUrl, document: &Object) -> Result<Self, Check> {
        let named = text(document, "issuer").ok_or(Check::MissingEndpoint("issuer"))?;
        if named != issuer.as_str() {
            let named: String = named.chars().take(LOGGED).collect();
            tracing::warn!(
                configured = issuer.as_str(),
                discovered = ?named,
                "the discovery document names another issuer; configure the one it names, if \
                 that is the provider you mean"
            );
            return Err(Check::DiscoveredIssuer);
        }
        let endpoint = |name| optional_endpoint(issuer.url(), document, name);
        let needed = |name| endpoint(name)?.ok_or(Check::MissingEndpoint(name));
        let announced = strings(document, "id_token_signing_alg_values_supported");
        let algorithms: Vec<_> = announced
            .unwrap_or_default()
            .into_iter()
            .filter_map(|name| serde_json::from_value(name.into()).ok())
            .filter(is_taken)
            .collect();
        if algorithms.is_empty() {
            return Err(Check::NoAlgorithm);
        }
        let methods = strings(document, "token_endpoint_auth_methods_supported");
        Ok(Self {
            authorization_endpoint: needed("authorization_endpoint")?,
            token_endpoint: needed("token_endpoint")?,
            userinfo_endpoint: endpoint("userinfo_endpoint")?,
            jwks_uri: needed("jwks_uri")?,
            algorithms,
            takes_basic: methods
                .is_none_or(|methods| methods.iter().any(|known| known == "client_secret_basic")),
            prompts: strings(document, "prompt_values_supported"),
            answers_name_issuer: says_yes(
                document,
                "authorization_response_iss_parameter_supported",
            ),
        })
    }
}

fn text<'a>(document: &'a Object, name: &str) -> Option<&'a str> {
    document.get(name)?.as_str()
}

/// A list of texts; none if the member is something else. What is not text in it is left out.
fn strings(document: &Object, name: &str) -> Option<Vec<String>> {
    let list = document.get(name)?.as_array()?;
    let texts = list.iter().filter_map(Value::as_str);
    Some(texts.map(str::to_owned).collect())
}

/// Some providers write truth values as text.
fn says_yes(document: &Object, name: &str) -> bool {
    match document.get(name) {
        Some(Value::Bool(yes)) => *yes,
        Some(Value::String(text)) => text == "true",
        _ => false,
    }
}

/// The URL of an endpoint. A blank one counts as none.
fn optional_endpoint(
    issuer: &Url,
    document: &Object,
    name: &'static str,
) -> Result<Option<Url>, Check> {
    let text = match document.get(name) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) if text.trim().is_empty() => return Ok(None),
        Some(Value::String(text)) => text,
        Some(_) => return Err(Check::InsecureEndpoint(name)),
    };
    let url = Url::parse(text).map_err(|_| Check::InsecureEndpoint(name))?;
    if !is_as_safe_as(issuer, &url) {
        return Err(Check::InsecureEndpoint(name));
    }
    if is_internal(&url) && !is_internal(issuer) {
        return Err(Check::InternalEndpoint(name));
    }
    Ok(Some(url))
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

/// Whether this URL names a machine that strangers cannot reach: a provider out there must not
/// choose what is asked of one. Names that resolve to such an address are not found out.
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
