//! Addresses to listen on, such as `127.0.0.1:7000`.

use std::net::SocketAddr;

use serde::{Deserialize, Deserializer, de};

/// Deserializes an address.
pub(super) fn required<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SocketAddr, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(|_| {
        de::Error::custom(format!(
            "{text:?} is not an IP address with a port; use a value such as \"127.0.0.1:7000\""
        ))
    })
}

/// Deserializes the address of a key that may be absent.
pub(super) fn optional<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<SocketAddr>, D::Error> {
    required(deserializer).map(Some)
}
