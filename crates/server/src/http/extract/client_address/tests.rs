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
    behind_proxies(peer, &headers, &TrustedProxies::of(trusted)).to_string()
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
