//! The public origin, from which redirect URIs, the issuer and cookie names are derived.

use std::fmt;
use std::net::SocketAddr;

use url::{Host, Url};

/// An origin without a trailing slash: `https://id.example.com`.
///
/// ```
/// use latchkey_axum::PublicUrl;
///
/// let url = PublicUrl::parse("https://id.example.com:443/")?;
/// assert_eq!(url.as_str(), "https://id.example.com");
/// assert!(PublicUrl::parse("http://id.example.com").is_err());
/// # Ok::<(), String>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl(String);

impl PublicUrl {
    /// Parses an origin such as `https://id.example.com`. `http` is accepted for loopback addresses
    /// only: elsewhere tokens would cross the network unencrypted. The error names the key
    /// `public_url`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let url = Url::parse(text)
            .map_err(|error| format!("public_url: {text:?} is not a URL: {error}"))?;
        if !(url.path() == "/" || url.path().is_empty())
            || url.query().is_some()
            || url.fragment().is_some()
            || !url.username().is_empty()
            || url.password().is_some()
        {
            return Err(format!(
                "public_url: {text:?} must contain only a scheme, host and port; use an origin \
                 such as \"https://id.example.com\""
            ));
        }
        let loopback = is_loopback(&url);
        match url.scheme() {
            "https" => {}
            "http" if loopback => {}
            _ => {
                return Err(format!(
                    "public_url: {text:?} must begin with https://; http:// is accepted only for \
                     loopback addresses"
                ));
            }
        }
        Ok(Self(url.origin().ascii_serialization()))
    }

    /// The origin of a server on this address, if none is configured.
    pub fn of_address(address: SocketAddr, tls: bool) -> Self {
        let scheme = if tls { "https" } else { "http" };
        let url = format!("{scheme}://{address}");
        // Browsers omit the default port of the scheme, and the issuer must match.
        Self(Url::parse(&url).map_or(url, |url| url.origin().ascii_serialization()))
    }

    /// The origin as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether browsers use TLS.
    pub fn is_https(&self) -> bool {
        self.0.starts_with("https:")
    }

    /// Whether it names this machine: `localhost`, a name below it, or a loopback address.
    pub fn is_loopback(&self) -> bool {
        Url::parse(&self.0).is_ok_and(|url| is_loopback(&url))
    }

    /// Host and port as in a `Host` header.
    pub fn authority(&self) -> &str {
        self.0
            .split_once("://")
            .map_or("", |(_, authority)| authority)
    }

    /// The URL of a path on this server.
    pub fn join(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
