//! The headers that every response carries.

use axum::http::HeaderMap;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, REFERRER_POLICY,
    STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
};

/// What answers other than pages may do in a browser: nothing.
const NOTHING: &str = "default-src 'none'; frame-ancestors 'none'";
const COOP: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const CORP: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
const PERMISSIONS: HeaderName = HeaderName::from_static("permissions-policy");

/// Made once: a copy of a map costs a fraction of filling one.
#[derive(Debug)]
pub struct CommonHeaders {
    /// For pages and files.
    public: HeaderMap,
    /// For answers that no cache may keep (RFC 6749 §5.1).
    private: HeaderMap,
}

impl CommonHeaders {
    /// For a server that is reached by https, or not.
    pub fn new(https: bool) -> Self {
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
        let hsts = https.then_some((
            STRICT_TRANSPORT_SECURITY,
            "max-age=31536000; includeSubDomains",
        ));
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
    pub fn add_to(&self, headers: &mut HeaderMap, private: bool) {
        let common = if private { &self.private } else { &self.public };
        let own = core::mem::replace(headers, common.clone());
        headers.extend(own);
    }
}

/// Keeps an answer out of every cache (RFC 6749 §5.1).
pub fn no_store(headers: &mut HeaderMap) {
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
}
