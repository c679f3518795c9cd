//! A certificate that is renewed while the server runs, and SIGHUP.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use latchkey_testing::{Certificate, Signal};
use reqwest::Client;

use super::process::{Running, arguments, latchkey};

const PATIENCE: Duration = Duration::from_secs(30);

/// Whether a new connection is given a certificate of this authority, and an answer.
async fn presents(server: &Running, certificate: &Certificate) -> bool {
    let authority = fs::read(&certificate.authority).expect("it is there");
    let authority = reqwest::Certificate::from_pem(&authority).expect("PEM");
    let client = Client::builder().tls_certs_only([authority]).build();
    let request = client.expect("a client").get(health(server)).send();
    request.await.is_ok_and(|answer| answer.status() == 200)
}

fn health(server: &Running) -> String {
    format!("{}/healthz", server.caller.url)
}

async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let begun = Instant::now();
    while !holds().await {
        assert!(begun.elapsed() < PATIENCE, "never: {what}");
    }
}

fn put(certificate: &Path, key: &Path, folder: &Path) {
    fs::copy(certificate, folder.join("cert.pem")).expect("copied");
    fs::copy(key, folder.join("key.pem")).expect("copied");
}

#[tokio::test]
async fn a_renewed_certificate_is_taken_at_sighup_and_one_that_does_not_fit_is_not() {
    let folder = tempfile::tempdir().expect("a folder");
    let [first, second] = [(); 2].map(|()| Certificate::new().expect("made"));
    put(&first.certificate, &first.key, folder.path());
    let tls = "[tls]\ncert_file = \"cert.pem\"\nkey_file = \"key.pem\"\n";
    fs::write(folder.path().join("latchkey.toml"), tls).expect("written");
    let data_dir = folder.path().join("data");
    let mut command = latchkey(folder.path(), &arguments(&data_dir, "127.0.0.1:0"));
    let server = Running::spawn(&mut command);
    assert!(presents(&server, &first).await);
    assert!(!presents(&server, &second).await);

    put(&second.certificate, &second.key, folder.path());
    server.signal(Signal::HUP).expect("sent");
    until("the new one", async || presents(&server, &second).await).await;
    assert!(!presents(&server, &first).await);

    // The certificate of the one, the key of the other.
    put(&first.certificate, &second.key, folder.path());
    server.signal(Signal::HUP).expect("sent");
    until("a line", async || {
        server
            .log()
            .contains("failed to reload the TLS certificate")
    })
    .await;
    assert!(server.log().contains("do not match"));
    assert!(presents(&server, &second).await);

    put(&first.certificate, &first.key, folder.path());
    server.signal(Signal::HUP).expect("sent");
    until("the old one", async || presents(&server, &first).await).await;
    assert!(server.stop().contains("stopped"));
}

#[tokio::test]
async fn sighup_does_not_end_a_server_without_a_certificate() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Running::start(&folder.path().join("data"));
    for _ in 0..3 {
        server.signal(Signal::HUP).expect("sent");
    }
    until("a line", async || server.log().contains("SIGHUP")).await;
    let answer = server.caller.get("/healthz").send().await;
    assert_eq!(answer.expect("an answer").status(), 200);
    assert!(server.stop().contains("stopped"));
}
