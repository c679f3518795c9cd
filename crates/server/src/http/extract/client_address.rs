//! The address that a request comes from.

use std::net::{IpAddr, SocketAddr};
use std::sync::Once;

use axum::extract::ConnectInfo;
use axum::http::header::HeaderName;
use axum::http::{Extensions, HeaderMap};

use crate::config::TrustedProxies;

/// What proxies append the address to that they were asked from. RFC 7239's `Forwarded` is not
/// read: a proxy that sets one of them passes the other on as it came, and so lets anyone write it.
const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The address of the connection; if that is a trusted proxy, the last one in `X-Forwarded-For`
/// that is not a trusted proxy: what stands before it was written by somebody else.
pub(in crate::http) fn client_address(
    extensions: &Extensions,
    headers: &HeaderMap,
    trusted: &TrustedProxies,
) -> Option<IpAddr> {
    let ConnectInfo(peer) = extensions.get::<ConnectInfo<SocketAddr>>()?;
    let peer = peer.ip().to_canonical();
    if headers.contains_key(X_FORWARDED_FOR) && !trusted.contains(peer) {
        static TOLD: Once = Once::new();
        TOLD.call_once(|| {
            tracing::warn!(
                "requests from {peer} carry X-Forwarded-For, which is not believed: if a proxy of \
                 yours sends them, list it in trusted_proxies, or all who come through it share \
                 one address and its rate limit"
            );
        });
    }
    Some(behind_proxies(peer, headers, trusted))
}

fn behind_proxies(peer: IpAddr, headers: &HeaderMap, trusted: &TrustedProxies) -> IpAddr {
    let mut address = peer;
    let lists = headers.get_all(X_FORWARDED_FOR).iter().rev();
    let mut entries = lists.flat_map(|list| list.as_bytes().rsplit(|byte| *byte == b','));
    while trusted.contains(address) {
        match entries.next().and_then(parse) {
            Some(before) => address = before,
            None => break,
        }
    }
    address
}

/// An address; some proxies add its port, or put IPv6 in brackets.
fn parse(entry: &[u8]) -> Option<IpAddr> {
    let entry = str::from_utf8(entry).ok()?.trim();
    let bare = entry.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
    let address = bare.unwrap_or(entry).parse().ok();
    let address = address.or_else(|| entry.parse().ok().map(|it: SocketAddr| it.ip()));
    address.map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests;
