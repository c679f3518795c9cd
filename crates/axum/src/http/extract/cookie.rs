//! The flow cookies: one cookie for each sign-in in progress in this browser.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::header::COOKIE;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue};
use latchkey_core::FlowId;
use latchkey_core::sign_in::FLOW_TTL;

use crate::http::state::AppState;
use crate::services::Services;
use crate::services::flows::SealedFlow;

/// The maximum number of cookies that one response clears.
const MAX_CLEARED: usize = 20;

/// The flows in the request's cookies; empty if there are none.
#[derive(Clone, Debug, Default)]
pub(crate) struct FlowCookies(pub Vec<SealedFlow>);

impl FlowCookies {
    /// The `Set-Cookie` header that stores a flow. With `SameSite=Lax` the browser sends the cookie
    /// when the provider redirects it back; the prefix `__Host-` keeps other hosts from setting it.
    pub(crate) fn set(state: &Services, flow: &SealedFlow) -> Option<HeaderValue> {
        header(state, flow.id, &flow.sealed, FLOW_TTL.as_secs())
    }

    /// The headers that clear these flows.
    pub(crate) fn clear(
        state: &Services,
        flows: impl IntoIterator<Item = FlowId>,
    ) -> impl Iterator<Item = HeaderValue> {
        let flows = flows.into_iter().take(MAX_CLEARED);
        flows.filter_map(|id| header(state, id, "", 0))
    }

    pub(in crate::http) fn of(headers: &HeaderMap, prefix: &str) -> Self {
        let flows = headers
            .get_all(COOKIE)
            .iter()
            // Cookies of other applications on this host may contain any bytes and are skipped.
            .flat_map(|value| value.as_bytes().split(|byte| *byte == b';'))
            .filter_map(|pair| str::from_utf8(pair).ok())
            .filter_map(|pair| pair.trim().split_once('='))
            .filter_map(|(name, sealed)| {
                Some(SealedFlow {
                    id: name.strip_prefix(prefix)?.parse().ok()?,
                    sealed: sealed.to_owned(),
                })
            })
            .collect();
        Self(flows)
    }
}

fn header(state: &Services, id: FlowId, value: &str, max_age: u64) -> Option<HeaderValue> {
    let secure = if state.public_url.is_https() {
        "; Secure"
    } else {
        ""
    };
    let text = format!(
        "{}{id}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={max_age}{secure}",
        prefix(state)
    );
    HeaderValue::from_str(&text).ok()
}

/// `__Host-` requires `Secure`, which browsers reject over plain HTTP.
fn prefix(state: &Services) -> &'static str {
    if state.public_url.is_https() {
        "__Host-latchkey-flow-"
    } else {
        "latchkey-flow-"
    }
}

impl FromRequestParts<AppState> for FlowCookies {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.headers, prefix(&state.services)))
    }
}
