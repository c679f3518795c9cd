//! The address of the client that sent a request.

use std::net::{IpAddr, SocketAddr};
use std::sync::Once;

use axum::extract::ConnectInfo;
use axum::http::header::HeaderName;
use axum::http::{Extensions, HeaderMap};

use crate::settings::TrustedProxies;

/// Proxies append the address of their client to this header. `Forwarded` (RFC 7239) is not read: a
/// proxy that sets one of the two headers forwards the other as the client sent it.
const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The address of the connection or, if that is a trusted proxy, the last address in
/// `X-Forwarded-For` that is not a trusted proxy. Entries before it may be forged.
pub(in crate::http) fn client_address(
    extensions: &Extensions,
    headers: &HeaderMap,
    trusted: &TrustedProxies,
) -> Option<IpAddr> {
    let Some(ConnectInfo(peer)) = extensions.get::<ConnectInfo<SocketAddr>>() else {
        static WARNED: Once = Once::new();
        WARNED.call_once(|| {
            tracing::warn!(
                "client addresses are unknown, so rate limits are not applied; serve the app with \
                 into_make_service_with_connect_info::<SocketAddr>()"
            );
        });
        return None;
    };
    let peer = peer.ip().to_canonical();
    if headers.contains_key(X_FORWARDED_FOR) && !trusted.contains(peer) {
        static WARNED: Once = Once::new();
        WARNED.call_once(|| {
            tracing::warn!(
                %peer,
                "X-Forwarded-For ignored, because its sender is not a trusted proxy; list your \
                 proxy in trusted_proxies, otherwise all its clients share one address and rate limit"
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

/// Parses an address. Some proxies append a port or write IPv6 addresses in brackets.
fn parse(entry: &[u8]) -> Option<IpAddr> {
    let entry = str::from_utf8(entry).ok()?.trim();
    let unbracketed = entry.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
    let address = unbracketed.unwrap_or(entry).parse().ok();
    let address = address.or_else(|| entry.parse().ok().map(|it: SocketAddr| it.ip()));
    address.map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn seen(peer: &str, trusted: &[&str], forwarded: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append(
                X_FORWARDED_FOR,
                HeaderValue::from_bytes(value.as_bytes()).expect("a header"),
            );
        }
        let peer = peer.parse().expect("an address");
        let networks = trusted.iter().map(|text| TrustedProxies::parse(text));
        let trusted = networks
            .map(|network| network.expect("a network"))
            .collect();
        behind_proxies(peer, &headers, &trusted).to_string()
    }

    #[test]
    fn security_71_x_forwarded_for_is_trusted_only_from_a_trusted_proxy() {
        let proxies = ["10.0.0.0/8", "::1"];
        let cases: [(&str, &[&str], &str); 15] = [
            // Not from a trusted proxy, or without the header.
            ("192.0.2.1", &["198.51.100.7"], "192.0.2.1"),
            ("10.0.0.1", &[], "10.0.0.1"),
            // From a trusted proxy.
            ("10.0.0.1", &["198.51.100.7"], "198.51.100.7"),
            ("::1", &["2001:db8::7"], "2001:db8::7"),
            // The client sent the header, and the proxy appended to it.
            ("10.0.0.1", &["203.0.113.9, 198.51.100.7"], "198.51.100.7"),
            ("10.0.0.1", &["203.0.113.9", "198.51.100.7"], "198.51.100.7"),
            ("10.0.0.1", &["10.9.9.9, 198.51.100.7"], "198.51.100.7"),
            // Through several proxies.
            (
                "10.0.0.1",
                &["203.0.113.9, 198.51.100.7, 10.0.0.2"],
                "198.51.100.7",
            ),
            ("10.0.0.1", &["10.0.0.3 ,10.0.0.2"], "10.0.0.3"),
            // With a port, and IPv4-mapped IPv6.
            ("10.0.0.1", &["198.51.100.7:4711"], "198.51.100.7"),
            ("10.0.0.1", &["::ffff:198.51.100.7"], "198.51.100.7"),
            ("10.0.0.1", &["[2001:db8::7]:4711"], "2001:db8::7"),
            ("10.0.0.1", &["[2001:db8::7]"], "2001:db8::7"),
            // Invalid entries end the search.
            ("10.0.0.1", &["\u{fc}ber, 198.51.100.7"], "198.51.100.7"),
            ("10.0.0.1", &["198.51.100.7, unknown"], "10.0.0.1"),
        ];
        for (peer, forwarded, expected) in cases {
            assert_eq!(seen(peer, &proxies, forwarded), expected, "{forwarded:?}");
        }
        assert_eq!(seen("10.0.0.1", &[], &["198.51.100.7"]), "10.0.0.1");
    }
}
