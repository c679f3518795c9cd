//! What a request says about where it comes from.

use std::convert::Infallible;
use std::net::IpAddr;

use axum::extract::FromRequestParts;
use axum::http::header::USER_AGENT;
use axum::http::request::Parts;

use super::client_address::client_address;
use crate::http::state::AppState;

/// The longest `User-Agent` that is kept, in bytes.
const LONGEST: usize = 256;

/// Browser and address of a request.
#[derive(Clone, Debug, Default)]
pub struct Device {
    /// `User-Agent`, cut to a bounded length.
    pub user_agent: Option<String>,
    /// The address, which only `trusted_proxies` can say to be another than the connection's.
    pub address: Option<IpAddr>,
}

impl From<Device> for latchkey_core::Device {
    fn from(device: Device) -> Self {
        Self {
            user_agent: device.user_agent,
            address: device.address.map(|address| address.to_string()),
        }
    }
}

impl FromRequestParts<AppState> for Device {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Infallible> {
        let user_agent = parts
            .headers
            .get(USER_AGENT)
            .and_then(|value| value.to_str().ok());
        Ok(Self {
            // `to_str` lets visible ASCII through only, so that any cut is between characters.
            user_agent: user_agent.map(|text| text[..text.len().min(LONGEST)].to_owned()),
            address: client_address(
                &parts.extensions,
                &parts.headers,
                &state.services.settings.trusted_proxies,
            ),
        })
    }
}
