//! Requests that are too large, too slow, or for an unknown path.

use std::net::SocketAddr;
use std::time::Duration;

use reqwest::Method;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use crate::app::TestApp;
use latchkey_testing::{code, header, refusal};

#[tokio::test]
async fn a_body_over_64_kib_is_refused() {
    let app = TestApp::start().await;
    let token = app.sign_in().await.access_token;
    // One byte more than fits.
    let body = format!("a={}", "b".repeat(64 * 1024 - 1));
    let form = "application/x-www-form-urlencoded";
    for path in ["/auth/token", "/auth/revoke"] {
        let request = app.post(path).header("content-type", form);
        let response = request.body(body.clone()).send().await.expect("a response");
        assert_eq!(header(&response, "content-type"), "application/json");
        assert_eq!(code(response).await, (413, "payload_too_large".into()));
    }
    let request = app.post("/auth/logout").bearer_auth(&token);
    let request = request.header("content-type", "application/json");
    let response = request.body(body.clone()).send().await.expect("a response");
    assert_eq!(
        header(&response, "content-type"),
        "application/problem+json"
    );
    assert_eq!(code(response).await, (413, "payload_too_large".into()));

    let fits = body[..body.len() - 1].to_owned();
    let request = app.post("/auth/token").header("content-type", form);
    let response = request.body(fits).send().await.expect("a response");
    assert_eq!(refusal(response).await, (400, "invalid_request".into()));
}

#[tokio::test]
async fn deeply_nested_json_is_refused() {
    let app = TestApp::start().await;
    let deep = "[".repeat(60 * 1024);
    let request = app.post("/auth/refresh");
    let request = request.header("content-type", "application/json");
    let response = request.body(deep).send().await.expect("a response");
    assert_eq!(refusal(response).await, (400, "invalid_request".into()));
}

#[tokio::test]
async fn a_header_over_16_kib_is_refused() {
    let app = TestApp::start().await;
    let request = app.get("/api/").header("x-long", "a".repeat(17 * 1024));
    assert_eq!(request.send().await.expect("a response").status(), 431);
    let request = app.get("/api/").header("x-long", "a".repeat(12 * 1024));
    assert_eq!(request.send().await.expect("a response").status(), 200);
}

#[tokio::test]
async fn api_paths_never_return_html() {
    let app = TestApp::start().await;
    for (method, path, status) in [
        (Method::GET, "/api/nothing", 404),
        (Method::GET, "/api", 404),
        (Method::GET, "/api/me/", 404),
        (Method::POST, "/api/me", 405),
        (Method::GET, "/auth", 404),
        (Method::GET, "/auth/nothing", 404),
        (Method::POST, "/auth/login", 405),
        (Method::GET, "/auth/logout", 405),
        (Method::GET, "/.well-known/nothing", 404),
    ] {
        let request = app
            .http
            .request(method.clone(), format!("{}{path}", app.url));
        let response = request.header("accept", "text/html").send().await;
        let response = response.expect("a response");
        assert_eq!(
            header(&response, "content-type"),
            "application/problem+json",
            "{method} {path}"
        );
        let name = if status == 404 {
            "not_found"
        } else {
            "method_not_allowed"
        };
        if status == 405 {
            assert!(!header(&response, "allow").is_empty(), "{method} {path}");
        }
        assert_eq!(
            code(response).await,
            (status, name.into()),
            "{method} {path}"
        );
    }
    for path in ["/auth/token", "/auth/refresh", "/auth/revoke"] {
        let response = app.get(path).send().await.expect("a response");
        assert_eq!(
            header(&response, "content-type"),
            "application/json",
            "{path}"
        );
        assert_eq!(response.status(), 405, "{path}");
    }
}

#[tokio::test]
async fn security_75_a_connection_that_sends_nothing_or_one_byte_per_second_is_closed() {
    let app = TestApp::start().await;
    let address: SocketAddr = app
        .url
        .trim_start_matches("http://")
        .parse()
        .expect("an address");
    let slow = |text: &'static str| async move {
        let begun = Instant::now();
        let mut stream = TcpStream::connect(address).await.expect("connected");
        let mut response = [0; 1024];
        for byte in text.bytes() {
            if stream.write_all(&[byte]).await.is_err() {
                return begun.elapsed();
            }
            // Closed, immediately or after a 408 response.
            let read = timeout(Duration::from_secs(1), stream.read(&mut response)).await;
            if let Ok(Ok(0) | Err(_)) = read {
                return begun.elapsed();
            }
        }
        drop(stream.read_to_end(&mut Vec::new()).await);
        begun.elapsed()
    };
    let closed = async {
        tokio::join!(
            slow(""),
            slow("GET /api/ HTTP/1.1\r\nhost: a\r\naccept: application/json\r\n"),
            // HTTP/2: its preface differs from any HTTP/1 request.
            slow("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        )
    };
    // The server's limit is eight seconds. The test allows 20, for a busy machine; sending all the
    // bytes of a request would take longer.
    let (nothing, slow_bytes, h2) = timeout(Duration::from_secs(30), closed)
        .await
        .expect("not all connections were closed");
    for (what, after) in [("nothing", nothing), ("a byte", slow_bytes), ("h2", h2)] {
        assert!(after < Duration::from_secs(20), "{what}: {after:?}");
    }
}
