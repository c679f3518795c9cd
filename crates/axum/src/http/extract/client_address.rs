//! The address that a request comes from.

use std::net::{IpAddr, SocketAddr};
use std::sync::Once;

use axum::extract::ConnectInfo;
use axum::http::header::HeaderName;
use axum::http::{Extensions, HeaderMap};

use crate::settings::TrustedProxies;

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
    let Some(ConnectInfo(peer)) = extensions.get::<ConnectInfo<SocketAddr>>() else {
        static WARNED: Once = Once::new();
        WARNED.call_once(|| {
            tracing::warn!(
                "the addresses of clients are unknown, so no rate limit applies: serve the app with \
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
    fn security_71_an_address_is_believed_only_from_a_trusted_proxy() {
        let proxies = ["10.0.0.0/8", "::1"];
        let cases: [(&str, &[&str], &str); 15] = [
            // Nobody's word.
            ("192.0.2.1", &["198.51.100.7"], "192.0.2.1"),
            ("10.0.0.1", &[], "10.0.0.1"),
            // A proxy's.
            ("10.0.0.1", &["198.51.100.7"], "198.51.100.7"),
            ("::1", &["2001:db8::7"], "2001:db8::7"),
            // What the client wrote itself stands before what the proxy appended.
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
            // With a port, and as IPv4 in IPv6.
            ("10.0.0.1", &["198.51.100.7:4711"], "198.51.100.7"),
            ("10.0.0.1", &["::ffff:198.51.100.7"], "198.51.100.7"),
            ("10.0.0.1", &["[2001:db8::7]:4711"], "2001:db8::7"),
            ("10.0.0.1", &["[2001:db8::7]"], "2001:db8::7"),
            // Nonsense hides nobody, and is not looked behind.
            ("10.0.0.1", &["\u{fc}ber, 198.51.100.7"], "198.51.100.7"),
            ("10.0.0.1", &["198.51.100.7, unknown"], "10.0.0.1"),
        ];
        for (peer, forwarded, expected) in cases {
            assert_eq!(seen(peer, &proxies, forwarded), expected, "{forwarded:?}");
        }
        assert_eq!(seen("10.0.0.1", &[], &["198.51.100.7"]), "10.0.0.1");
    }
}
