//! The headers that every response carries.

use axum::http::HeaderMap;
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, HeaderValue,
    REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
};

/// What answers other than pages may do in a browser: nothing.
const NOTHING: &str = "default-src 'none'; frame-ancestors 'none'";
const COOP: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const CORP: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
const PERMISSIONS: HeaderName = HeaderName::from_static("permissions-policy");

/// How far `Strict-Transport-Security` (RFC 6797) reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hsts {
    /// This host.
    Host,
    /// This host and every host below it, whoever runs those.
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

/// Made once: a copy of a map costs a fraction of filling one.
#[derive(Debug)]
pub(crate) struct CommonHeaders {
    /// For pages and files.
    public: HeaderMap,
    /// For answers that no cache may keep (RFC 6749 §5.1).
    private: HeaderMap,
}

impl CommonHeaders {
    /// `hsts`: whether browsers are told to use nothing but https for this host from now on.
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
            (CONTENT_SECURITY_POLICY, NOTHING),
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

    /// Adds them to a response's own, which win: a page has set its own policy by then.
    pub(crate) fn add_to(&self, headers: &mut HeaderMap, private: bool) {
        let common = if private { &self.private } else { &self.public };
        let own = core::mem::replace(headers, common.clone());
        headers.extend(own);
    }
}

/// Lets pages of any origin read a response that holds nothing but public facts.
pub(crate) const READABLE_BY_ALL: [(HeaderName, HeaderValue); 2] = [
    (ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*")),
    (CORP, HeaderValue::from_static("cross-origin")),
];

/// Keeps an answer out of every cache (RFC 6749 §5.1).
pub(crate) fn no_store(headers: &mut HeaderMap) {
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
}
