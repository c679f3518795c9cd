//! Restricts routes, such as those of the demo provider, to clients on this machine.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, Request};
use axum::http::header::{FORWARDED, HOST};
use axum::http::{Extensions, HeaderMap, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use crate::http::error::ApiError;

/// Responds with 404 unless the request [`is_local`].
pub(crate) async fn local_only(request: Request, next: Next) -> Response {
    if is_local(request.uri(), request.headers(), request.extensions()) {
        next.run(request).await
    } else {
        ApiError::NotFound.into_response()
    }
}

/// Whether the request comes from this machine, names a loopback host, and was not forwarded by a
/// proxy. In a DNS rebinding attack, the attacker's host name resolves to this machine, but the
/// request still names that host.
pub(crate) fn is_local(uri: &Uri, headers: &HeaderMap, extensions: &Extensions) -> bool {
    let forwarded = headers.keys().any(|name| {
        *name == FORWARDED || *name == "x-real-ip" || name.as_str().starts_with("x-forwarded-")
    });
    let peer = extensions.get::<ConnectInfo<SocketAddr>>();
    let from_loopback = peer.is_none_or(|ConnectInfo(it)| it.ip().to_canonical().is_loopback());
    from_loopback && !forwarded && authority(uri, headers).is_some_and(is_loopback)
}

/// The host that the request names: `Host` in HTTP/1, `:authority` in HTTP/2, which is part of the
/// URI.
pub(crate) fn authority<'a>(uri: &'a Uri, headers: &'a HeaderMap) -> Option<&'a str> {
    match uri.authority() {
        Some(authority) => Some(authority.as_str()),
        None => headers.get(HOST)?.to_str().ok(),
    }
}

/// Whether this authority (RFC 3986 §3.2) is `localhost`, a subdomain of it, or a loopback address.
pub(crate) fn is_loopback(authority: &str) -> bool {
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    };
    let name = host.to_ascii_lowercase();
    let address = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    name == "localhost"
        || name.ends_with(".localhost")
        || address
            .unwrap_or(host)
            .parse()
            .is_ok_and(|address: IpAddr| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use axum::extract::ConnectInfo;
    use axum::http::header::HOST;
    use axum::http::{Extensions, HeaderMap, HeaderValue, Uri};

    use super::{is_local, is_loopback};

    #[test]
    fn a_request_from_another_machine_is_not_local_even_if_it_names_localhost() {
        let headers = HeaderMap::from_iter([(HOST, HeaderValue::from_static("localhost:3000"))]);
        let local = |peer: Option<&str>| {
            let mut extensions = Extensions::new();
            if let Some(peer) = peer {
                let peer: SocketAddr = peer.parse().expect("an address");
                extensions.insert(ConnectInfo(peer));
            }
            is_local(&Uri::from_static("/demo/authorize"), &headers, &extensions)
        };
        for (peer, expected) in [
            (None, true),
            (Some("127.0.0.1:4711"), true),
            (Some("[::1]:4711"), true),
            (Some("[::ffff:127.0.0.1]:4711"), true),
            (Some("192.0.2.7:4711"), false),
            (Some("[2001:db8::7]:4711"), false),
        ] {
            assert_eq!(local(peer), expected, "{peer:?}");
        }
    }

    #[test]
    fn loopback_authorities() {
        for (authority, expected) in [
            ("localhost", true),
            ("LOCALHOST:7000", true),
            ("latchkey.localhost:7000", true),
            ("127.0.0.1:7000", true),
            ("127.8.9.1", true),
            ("[::1]:7000", true),
            ("[::1]", true),
            ("localhost.example.com", false),
            ("notlocalhost", false),
            ("id.example.com", false),
            ("127.0.0.1.example.com", false),
            ("192.0.2.1:7000", false),
            ("[2001:db8::1]:7000", false),
            ("", false),
        ] {
            assert_eq!(is_loopback(authority), expected, "{authority:?}");
        }
    }
}
