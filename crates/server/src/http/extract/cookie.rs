//! The flow cookie: which sign-ins are under way in this browser.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::HeaderValue;
use axum::http::header::COOKIE;
use axum::http::request::Parts;
use latchkey_core::FlowId;

use crate::auth::sign_in::FLOW_LIFE;
use crate::state::{AppState, State};

/// How many sign-ins a browser can have under way: one in each of so many tabs.
const MOST: usize = 4;

/// The ids in the cookie, newest first. A browser without the cookie has none.
#[derive(Clone, Debug, Default)]
pub struct FlowCookie(pub Vec<FlowId>);

impl FlowCookie {
    /// With one more.
    #[must_use]
    pub fn with(mut self, flow: FlowId) -> Self {
        self.0.insert(0, flow);
        self.0.truncate(MOST);
        self
    }

    /// With one less.
    #[must_use]
    pub fn without(mut self, flow: FlowId) -> Self {
        self.0.retain(|id| *id != flow);
        self
    }

    /// The `Set-Cookie` header. `Lax` lets it come along when the provider sends the browser back;
    /// `__Host-` keeps other hosts from setting it.
    #[expect(
        clippy::missing_panics_doc,
        reason = "ids are made of letters that a header can hold"
    )]
    pub fn header(&self, state: &State) -> HeaderValue {
        let ids: Vec<_> = self.0.iter().map(FlowId::to_string).collect();
        let life = if ids.is_empty() {
            0
        } else {
            FLOW_LIFE.as_secs()
        };
        let secure = if state.public_url.is_https() {
            "; Secure"
        } else {
            ""
        };
        let text = format!(
            "{}={}; Path=/; HttpOnly; SameSite=Lax; Max-Age={life}{secure}",
            name(state),
            ids.join(".")
        );
        HeaderValue::from_str(&text).expect("ids are made of letters that a header can hold")
    }
}

/// `__Host-` needs `Secure`, which browsers refuse on plain http.
fn name(state: &State) -> &'static str {
    if state.public_url.is_https() {
        "__Host-latchkey-flow"
    } else {
        "latchkey-flow"
    }
}

impl FromRequestParts<AppState> for FlowCookie {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Infallible> {
        let name = name(state);
        let ids = parts
            .headers
            .get_all(COOKIE)
            .iter()
            // Cookies of other programs on this host may hold any bytes; they are not ours to judge.
            .flat_map(|value| value.as_bytes().split(|byte| *byte == b';'))
            .filter_map(|pair| str::from_utf8(pair).ok())
            .filter_map(|pair| pair.trim().split_once('='))
            .filter(|(key, _)| *key == name)
            .flat_map(|(_, ids)| ids.split('.'))
            .filter_map(|id| id.parse().ok())
            .take(MOST)
            .collect();
        Ok(Self(ids))
    }
}
