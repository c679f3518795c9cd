//! What a request says about where it comes from.

use std::convert::Infallible;
use std::net::SocketAddr;

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::header::USER_AGENT;
use axum::http::request::Parts;

/// The longest `User-Agent` that is kept, in bytes.
const LONGEST: usize = 256;

/// Browser and address of a request. The address is that of the connection: headers that claim
/// another one are not believed.
#[derive(Clone, Debug, Default)]
pub struct Device {
    /// `User-Agent`, cut to a bounded length.
    pub user_agent: Option<String>,
    /// The address.
    pub address: Option<String>,
}

impl From<Device> for latchkey_core::Device {
    fn from(device: Device) -> Self {
        Self {
            user_agent: device.user_agent,
            address: device.address,
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Device {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let user_agent = parts
            .headers
            .get(USER_AGENT)
            .and_then(|value| value.to_str().ok());
        let address = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        Ok(Self {
            // `to_str` lets visible ASCII through only, so that any cut is between characters.
            user_agent: user_agent.map(|text| text[..text.len().min(LONGEST)].to_owned()),
            address: address.map(|ConnectInfo(address)| address.ip().to_string()),
        })
    }
}
