//! HTTP/1.1 over raw TCP.

use std::net::SocketAddr;
use std::sync::Arc;

use latchkey_testing::{Certificate, free_port};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::{TEST_TIMEOUT, address, short_limits, while_others_are_served};
use crate::app::TestApp;

/// Sends the request and reads until the server closes the connection.
async fn until_closed(address: SocketAddr, request: String) -> String {
    let mut stream = TcpStream::connect(address).await.expect("connected");
    let sent = stream.write_all(request.as_bytes()).await;
    sent.expect("sent");
    let mut response = Vec::new();
    stream.read_to_end(&mut response).await.expect("closed");
    String::from_utf8(response).expect("text")
}

#[tokio::test]
async fn security_75_a_stalled_body_gets_408_and_its_connection_is_closed() {
    let app = TestApp::with_limits("demo = true", short_limits()).await;
    let form = "content-type: application/x-www-form-urlencoded";
    let length = "content-length: 60000";
    let chunked = "transfer-encoding: chunked";
    for (request, media_type) in [
        (
            format!("POST /auth/token HTTP/1.1\r\nhost: a\r\n{form}\r\n{length}\r\n\r\nb"),
            "application/json",
        ),
        (
            format!("POST /auth/revoke HTTP/1.1\r\nhost: a\r\n{form}\r\n{chunked}\r\n\r\n5\r\nab"),
            "application/json",
        ),
        // The same applies to every method, even if no route reads the body.
        (
            format!("POST /auth/nothing HTTP/1.1\r\nhost: a\r\n{length}\r\n\r\n"),
            "application/problem+json",
        ),
        (
            format!("GET /api/ HTTP/1.1\r\nhost: a\r\n{length}\r\n\r\n"),
            "application/problem+json",
        ),
    ] {
        let response = until_closed(address(&app), request.clone());
        let response = while_others_are_served(&app, response).await;
        let (head, body) = response.split_once("\r\n\r\n").expect("a header");
        assert!(head.starts_with("HTTP/1.1 408 "), "{request}: {response}");
        assert!(head.contains("connection: close"), "{request}: {response}");
        let media_type = format!("content-type: {media_type}");
        assert!(head.contains(&media_type), "{request}: {response}");
        assert!(
            body.contains(r#""code":"timeout""#),
            "{request}: {response}"
        );
    }
}

/// A connection with a small receive buffer, so that the server's writes soon block.
async fn connect_with_small_buffer(app: &TestApp) -> TcpStream {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(4096).expect("set");
    socket.connect(address(app)).await.expect("connected")
}

/// Sends requests until the connection breaks, without reading the responses.
async fn until_disconnected(mut stream: impl AsyncWrite + Unpin) {
    let requests = "GET /.well-known/oauth-authorization-server HTTP/1.1\r\nhost: a\r\n\r\n";
    let requests = requests.repeat(100);
    while stream.write_all(requests.as_bytes()).await.is_ok() {}
}

#[tokio::test]
async fn security_75_a_client_that_reads_no_responses_is_disconnected() {
    let app = TestApp::with_limits("demo = true", short_limits()).await;
    let stream = connect_with_small_buffer(&app).await;
    while_others_are_served(&app, until_disconnected(stream)).await;
}

#[tokio::test]
async fn security_75_a_client_that_reads_no_responses_is_disconnected_over_tls() {
    let certificate = Certificate::new().expect("created");
    let config = format!(
        "[tls]\ncert_file = {:?}\nkey_file = {:?}\n",
        certificate.certificate, certificate.key
    );
    let app = TestApp::with_limits(&config, short_limits()).await;
    let mut roots = RootCertStore::empty();
    let authority = CertificateDer::from_pem_file(&certificate.authority);
    roots.add(authority.expect("PEM")).expect("an authority");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let client = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").expect("a name");
    let stream = connect_with_small_buffer(&app).await;
    let stream = TlsConnector::from(Arc::new(client)).connect(name, stream);
    let stream = stream.await.expect("TLS");
    let disconnected = timeout(TEST_TIMEOUT, until_disconnected(stream));
    disconnected.await.expect("in time");
}

#[tokio::test]
async fn security_75_one_address_holds_a_bounded_number_of_connections() {
    let config = "demo = true\nlimits.connections_per_address = 3";
    let app = TestApp::with_limits(config, short_limits()).await;
    let served = async |stream: &mut TcpStream| {
        let request = b"GET /api/ HTTP/1.1\r\nhost: a\r\n\r\n";
        let sent = stream.write_all(request).await.is_ok();
        sent && matches!(stream.read(&mut [0; 64]).await, Ok(64))
    };
    let mut held = Vec::new();
    for _ in 0..3 {
        let mut stream = TcpStream::connect(address(&app)).await.expect("connected");
        assert!(served(&mut stream).await);
        held.push(stream);
    }
    let mut one_more = TcpStream::connect(address(&app)).await.expect("connected");
    assert!(!served(&mut one_more).await);
    // Open connections keep working, and closing one makes room for another.
    let mut first = held.pop().expect("one connection");
    assert!(served(&mut first).await);
    drop(first);
    let again = async {
        loop {
            let mut next = TcpStream::connect(address(&app)).await.expect("connected");
            if served(&mut next).await {
                return;
            }
        }
    };
    timeout(TEST_TIMEOUT, again).await.expect("in time");
}

#[tokio::test]
async fn idle_connections_to_the_metrics_address_are_limited_and_closed() {
    let port = free_port().expect("a port");
    let config = format!(
        "demo = true\nlisten = \"127.0.0.1:0\"\n[metrics]\nlisten = \"127.0.0.1:{port}\"\n"
    );
    let app = TestApp::with_limits(&config, short_limits()).await;
    let metrics = SocketAddr::from(([127, 0, 0, 1], port));
    // More connections than the server accepts at once: the request below waits until they are
    // closed.
    let mut idle = Vec::new();
    for _ in 0..100 {
        idle.push(TcpStream::connect(metrics).await.expect("connected"));
    }
    let request = "GET /metrics HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
    let response = until_closed(metrics, request.to_owned());
    let response = while_others_are_served(&app, response).await;
    assert!(response.starts_with("HTTP/1.1 200 "), "{response}");
    for mut stream in idle {
        let mut received = Vec::new();
        let closed = timeout(TEST_TIMEOUT, stream.read_to_end(&mut received)).await;
        closed.expect("in time").expect("closed");
    }
}
