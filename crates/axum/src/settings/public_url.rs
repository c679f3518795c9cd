//! The one public origin. Redirect URIs, the issuer and cookies follow from it.

use std::fmt;
use std::net::SocketAddr;

use url::{Host, Url};

/// An origin without a trailing slash: `https://id.example.com`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl(String);

impl PublicUrl {
    /// Reads an origin such as `https://id.example.com`. Plain http is for loopback only: elsewhere
    /// tokens would cross the network unencrypted. The error names the key `public_url`.
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
                "public_url: {text:?} has more than scheme, host and port; write an origin such \
                 as \"https://id.example.com\""
            ));
        }
        let loopback = is_loopback(&url);
        match url.scheme() {
            "https" => {}
            "http" if loopback => {}
            _ => {
                return Err(format!(
                    "public_url: {text:?} must begin with https://; http:// is for loopback only"
                ));
            }
        }
        Ok(Self(url.origin().ascii_serialization()))
    }

    /// The origin of a server on this address, if none is configured.
    pub fn of_address(address: SocketAddr, tls: bool) -> Self {
        let scheme = if tls { "https" } else { "http" };
        let written = format!("{scheme}://{address}");
        // Browsers leave the scheme's own port out; so must the issuer.
        Self(Url::parse(&written).map_or(written, |url| url.origin().ascii_serialization()))
    }

    /// The origin.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether browsers reach the server through TLS.
    pub fn is_https(&self) -> bool {
        self.0.starts_with("https:")
    }

    /// Whether it names this machine: `localhost`, a name below it, or a loopback address.
    pub fn is_loopback(&self) -> bool {
        Url::parse(&self.0).is_ok_and(|url| is_loopback(&url))
    }

    /// Host and port as they stand in a `Host` header.
    pub fn authority(&self) -> &str {
        self.0
            .split_once("://")
            .map_or("", |(_, authority)| authority)
    }

    /// The URL of a path of this server.
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
