//! Renewing the certificate of a running server with SIGHUP.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use latchkey_testing::{Certificate, Signal};
use reqwest::Client;

use super::process::{RunningServer, arguments, latchkey};

const POLL_TIMEOUT: Duration = Duration::from_secs(30);

/// Whether the server responds over a new connection with a certificate issued by this authority.
async fn presents(server: &RunningServer, certificate: &Certificate) -> bool {
    let authority = fs::read(&certificate.authority).expect("read");
    let authority = reqwest::Certificate::from_pem(&authority).expect("PEM");
    let client = Client::builder().tls_certs_only([authority]).build();
    let request = client.expect("a client").get(health(server)).send();
    request.await.is_ok_and(|response| response.status() == 200)
}

fn health(server: &RunningServer) -> String {
    format!("{}/healthz", server.caller.url)
}

async fn until(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let begun = Instant::now();
    while !condition().await {
        assert!(
            begun.elapsed() < POLL_TIMEOUT,
            "timed out waiting for {what}"
        );
    }
}

fn install(certificate: &Path, key: &Path, folder: &Path) {
    fs::copy(certificate, folder.join("cert.pem")).expect("copied");
    fs::copy(key, folder.join("key.pem")).expect("copied");
}

#[tokio::test]
async fn a_renewed_certificate_is_loaded_on_sighup_unless_its_key_does_not_match() {
    let folder = tempfile::tempdir().expect("a folder");
    let [first, second] = [(); 2].map(|()| Certificate::new().expect("created"));
    install(&first.certificate, &first.key, folder.path());
    let tls = "[tls]\ncert_file = \"cert.pem\"\nkey_file = \"key.pem\"\n";
    fs::write(folder.path().join("latchkey.toml"), tls).expect("written");
    let data_dir = folder.path().join("data");
    let mut command = latchkey(folder.path(), &arguments(&data_dir, "127.0.0.1:0"));
    let server = RunningServer::spawn(&mut command);
    assert!(presents(&server, &first).await);
    assert!(!presents(&server, &second).await);

    install(&second.certificate, &second.key, folder.path());
    server.signal(Signal::HUP).expect("sent");
    until("the new certificate", async || {
        presents(&server, &second).await
    })
    .await;
    assert!(!presents(&server, &first).await);

    // The certificate of one pair with the key of the other.
    install(&first.certificate, &second.key, folder.path());
    server.signal(Signal::HUP).expect("sent");
    until("the log line", async || {
        server
            .log()
            .contains("failed to reload the TLS certificate")
    })
    .await;
    assert!(server.log().contains("do not match"));
    assert!(presents(&server, &second).await);

    install(&first.certificate, &first.key, folder.path());
    server.signal(Signal::HUP).expect("sent");
    until("the first certificate", async || {
        presents(&server, &first).await
    })
    .await;
    assert!(server.stop().contains("stopped"));
}

#[tokio::test]
async fn sighup_does_not_end_a_server_without_a_certificate() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = RunningServer::start(&folder.path().join("data"));
    for _ in 0..3 {
        server.signal(Signal::HUP).expect("sent");
    }
    until("the log line", async || server.log().contains("SIGHUP")).await;
    let response = server.caller.get("/healthz").send().await;
    assert_eq!(response.expect("a response").status(), 200);
    assert!(server.stop().contains("stopped"));
}
