//! A local server is reachable under several loopback names, but only one is registered at the
//! provider.

use std::net::SocketAddr;

use bytes::Bytes;
use latchkey_axum::ConnectionLimits;
use tokio::net::TcpStream;

use crate::app::TestApp;
use latchkey_testing::{ScriptedProvider, header};

/// The redirect target of a sign-in that is started under this host name.
async fn start(app: &TestApp, host: &str, query: &str, http2: bool) -> String {
    let path = format!("/auth/login?{query}");
    if !http2 {
        let response = app.get(&path).header("host", host).send().await;
        let response = response.expect("a response");
        assert_eq!(response.status(), 303);
        return header(&response, "location").to_owned();
    }
    let (_, address) = app.url.split_once("://").expect("a URL");
    let address: SocketAddr = address.parse().expect("an address");
    let stream = TcpStream::connect(address).await.expect("connected");
    let handshake = h2::client::handshake::<_>(stream).await;
    let (mut requests, connection): (h2::client::SendRequest<Bytes>, _) =
        handshake.expect("HTTP/2");
    tokio::spawn(connection);
    let request = axum::http::Request::get(format!("http://{host}{path}"));
    let request = request.body(()).expect("a request");
    let (response, _) = requests.send_request(request, true).expect("sent");
    let response = response.await.expect("a response");
    assert_eq!(response.status(), 303);
    let location = response.headers().get("location").expect("a location");
    location.to_str().expect("text").to_owned()
}

#[tokio::test]
async fn a_start_under_another_loopback_name_is_redirected_once_to_the_public_one() {
    let provider = ScriptedProvider::start().await;
    for public in [
        "http://localhost:8080",
        "http://latchkey.localhost:8080",
        "http://127.0.0.1:8080",
        "http://[::1]:8080",
    ] {
        let config = format!("public_url = \"{public}\"\n{}", provider.section("a"));
        let app = TestApp::with_limits(&config, ConnectionLimits::default()).await;
        let own = public.trim_start_matches("http://");
        for http2 in [false, true] {
            let at = async |host: &str, query: &str| start(&app, host, query, http2).await;
            for host in [
                "127.0.0.1:7400",
                "localhost:7400",
                "x.localhost",
                "[::1]:1",
                "127.9.9.9",
            ] {
                let moved = at(host, "provider=a&return_to=/sessions").await;
                let (to, query) = moved.split_once('?').expect("a query");
                assert_eq!(to, format!("{public}/auth/login"), "{host}");
                assert!(
                    query.starts_with("provider=a&return_to=/sessions"),
                    "{query}"
                );
                // A proxy may send the same host again: no second redirect.
                let next = at(host, query).await;
                assert!(next.starts_with(&provider.issuer), "{host}: {next}");
                // Without such a proxy, the browser now uses the public name.
                let next = at(own, query).await;
                assert!(next.starts_with(&provider.issuer), "{host}: {next}");
            }
            // The public name, and names that are not loopback names.
            for host in [
                own,
                "id.example.com",
                "localhost.example.com:8080",
                "192.0.2.1",
            ] {
                let next = at(host, "provider=a").await;
                assert!(next.starts_with(&provider.issuer), "{host}: {next}");
            }
        }
    }
}
