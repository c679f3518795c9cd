//! The device that sent a request.

use std::convert::Infallible;
use std::net::IpAddr;

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::header::USER_AGENT;
use axum::http::request::Parts;
use latchkey_guard::RequestId;

use super::client_address::client_address;
use crate::http::state::AppState;

/// The maximum length of a `User-Agent` that is stored, in bytes.
const MAX_USER_AGENT_BYTES: usize = 256;

/// The browser and address that sent a request.
#[derive(Clone, Debug, Default)]
pub struct Device {
    /// `User-Agent`, truncated to a maximum length.
    pub user_agent: Option<String>,
    /// The client's address: that of the connection, or the one that a trusted proxy sent.
    pub address: Option<IpAddr>,
    /// The id of the request. `None` for requests that only read, because their handlers write no
    /// audit records.
    pub request_id: Option<String>,
}

impl From<Device> for latchkey_core::Device {
    fn from(device: Device) -> Self {
        Self {
            user_agent: device.user_agent,
            address: device.address.map(|address| address.to_string()),
            request_id: device.request_id,
        }
    }
}

/// The `User-Agent`, truncated.
pub(in crate::http) fn user_agent(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(USER_AGENT)?.to_str().ok()?;
    // `to_str` accepts only visible ASCII, so it can be truncated at any byte.
    Some(text[..text.len().min(MAX_USER_AGENT_BYTES)].to_owned())
}

impl FromRequestParts<AppState> for Device {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Infallible> {
        Ok(Self {
            user_agent: user_agent(&parts.headers),
            address: client_address(
                &parts.extensions,
                &parts.headers,
                &state.services.settings.trusted_proxies,
            ),
            request_id: parts
                .extensions
                .get::<RequestId>()
                .map(|id| id.as_str().to_owned()),
        })
    }
}
