use openidconnect::http::Request;
use url::Url;

use super::{HttpClient, HttpError, is_loopback};

fn url(text: &str) -> Url {
    Url::parse(text).expect("a URL")
}

#[test]
fn loopback_is_this_machine_and_no_look_alike() {
    for text in [
        "http://localhost:7000",
        "http://127.0.0.1",
        "http://127.9.9.9:1",
        "http://[::1]/x",
    ] {
        assert!(is_loopback(&url(text)), "{text} is loopback");
    }
    for text in [
        "http://localhost.example.com",
        "http://127.0.0.1.example.com",
        "http://10.0.0.1",
        "http://0.0.0.0",
        "http://[::]",
        "http://[::ffff:127.0.0.1]",
        "file:///etc/passwd",
    ] {
        assert!(!is_loopback(&url(text)), "{text} is not loopback");
    }
}

#[tokio::test]
async fn plain_http_leaves_this_machine_never() {
    let client = HttpClient::new().expect("an HTTP client");
    for text in [
        "http://192.0.2.1/",
        "http://example.com/",
        "ftp://127.0.0.1/",
    ] {
        let request = Request::get(text).body(Vec::new()).expect("a request");
        assert_eq!(
            client.send(request).await.err(),
            Some(HttpError::Url),
            "{text}"
        );
    }
}
