//! Headers of all responses.

use axum::http::HeaderMap;
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, HeaderValue,
    REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
};
use latchkey_guard::REQUEST_ID;

/// The policy for responses other than pages: a browser loads and runs nothing.
const DENY_ALL: &str = "default-src 'none'; frame-ancestors 'none'";
const COOP: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const CORP: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
const PERMISSIONS: HeaderName = HeaderName::from_static("permissions-policy");

/// The hosts that `Strict-Transport-Security` (RFC 6797) applies to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hsts {
    /// This host.
    Host,
    /// This host and all its subdomains.
    Subdomains,
}

impl Hsts {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Host => "max-age=31536000",
            Self::Subdomains => "max-age=31536000; includeSubDomains",
        }
    }
}

/// The common headers, built once, because cloning a map is much cheaper than filling one.
#[derive(Debug)]
pub(crate) struct CommonHeaders {
    /// For pages and files.
    public: HeaderMap,
    /// For responses that must not be cached (RFC 6749 §5.1).
    private: HeaderMap,
}

impl CommonHeaders {
    /// Creates the headers. With `hsts`, browsers use only HTTPS for these hosts from then on.
    pub(crate) fn new(hsts: Option<Hsts>) -> Self {
        let fixed = [
            (X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (REFERRER_POLICY, "no-referrer"),
            (COOP, "same-origin"),
            (CORP, "same-origin"),
            (
                PERMISSIONS,
                "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
            ),
            (CONTENT_SECURITY_POLICY, DENY_ALL),
            // A placeholder that each response replaces, so that its map need not grow.
            (REQUEST_ID, "-"),
        ];
        let hsts = hsts.map(|hsts| (STRICT_TRANSPORT_SECURITY, hsts.as_str()));
        let public: HeaderMap = fixed
            .into_iter()
            .chain(hsts)
            .map(|(name, value)| (name, HeaderValue::from_static(value)))
            .collect();
        let mut private = public.clone();
        no_store(&mut private);
        Self { public, private }
    }

    /// Adds the common headers to a response. Its own headers take precedence: pages set their own
    /// policy.
    pub(crate) fn add_to(&self, headers: &mut HeaderMap, private: bool) {
        let common = if private { &self.private } else { &self.public };
        let own = core::mem::replace(headers, common.clone());
        headers.extend(own);
    }
}

/// Lets pages of any origin read a response that contains only public data.
pub(crate) const READABLE_BY_ALL: [(HeaderName, HeaderValue); 2] = [
    (ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*")),
    (CORP, HeaderValue::from_static("cross-origin")),
];

/// Forbids caches from storing a response (RFC 6749 §5.1).
pub(crate) fn no_store(headers: &mut HeaderMap) {
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
}
