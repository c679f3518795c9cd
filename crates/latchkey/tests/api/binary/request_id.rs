//! The request id is in every response and in every log line of its request, and is accepted from
//! trusted proxies only. Also tests the separate address for metrics.

use std::collections::BTreeMap;
use std::fs;

use latchkey_testing::free_port;
use serde_json::Value;

use super::refusals::start;

/// The log lines whose span has this request id.
fn lines_of(log: &str, request_id: &str) -> Vec<Value> {
    let lines = log.lines();
    let lines = lines.filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines
        .filter(|line| line["span"]["request_id"] == request_id)
        .collect()
}

#[tokio::test]
async fn log_lines_of_a_refresh_and_its_commit_have_its_request_id() {
    let folder = tempfile::tempdir().expect("a directory");
    let config = "[log]\nformat = \"json\"\nfilter = \"info,latchkey=debug\"\n";
    fs::write(folder.path().join("latchkey.toml"), config).expect("written");
    let data_dir = folder.path().join("data");
    let arguments = super::arguments(&data_dir, "127.0.0.1:0");
    let server = super::RunningServer::spawn(&mut super::latchkey(folder.path(), &arguments));
    let caller = server.caller.clone();
    let tokens = caller.sign_in().await;
    let response = caller.refresh(&tokens.refresh_token, None).await;
    assert_eq!(response.status(), 200);
    let id = response.headers()["x-request-id"]
        .to_str()
        .expect("text")
        .to_owned();
    let log = server.stop();
    let lines = lines_of(&log, &id);
    let found: Vec<_> = lines
        .iter()
        .map(|line| {
            assert_eq!(line["span"]["name"], "request");
            assert_eq!(line["span"]["route"], "/auth/token");
            assert_eq!(line["span"]["method"], "POST");
            let fields = &line["fields"];
            (
                fields["message"].as_str().expect("text"),
                fields["kind"].as_str(),
            )
        })
        .collect();
    assert_eq!(
        found,
        [
            ("store operation completed", Some("write")),
            ("session refreshed", None),
            ("response", None),
        ],
        "{log}"
    );
    assert_eq!(lines[2]["fields"]["status"], 200);
    // Jobs have spans, too.
    assert!(
        log.contains(r#""span":{"job":"sweep","name":"job"}"#),
        "{log}"
    );
}

#[tokio::test]
async fn store_operations_of_a_streamed_body_have_the_id_of_their_request() {
    let folder = tempfile::tempdir().expect("a directory");
    let config = "admins = [\"demo:ada@example.com\"]\n[log]\nformat = \"json\"\n\
                  filter = \"info,latchkey=debug\"\n";
    fs::write(folder.path().join("latchkey.toml"), config).expect("written");
    let data_dir = folder.path().join("data");
    let arguments = super::arguments(&data_dir, "127.0.0.1:0");
    let server = super::RunningServer::spawn(&mut super::latchkey(folder.path(), &arguments));
    let caller = server.caller.clone();
    let tokens = caller.sign_in().await;
    let response = caller
        .get_as("/api/admin/export", &tokens.access_token)
        .await;
    assert_eq!(response.status(), 200);
    let id = response.headers()["x-request-id"]
        .to_str()
        .expect("text")
        .to_owned();
    response.text().await.expect("a body");
    let log = server.stop();
    let lines = lines_of(&log, &id);
    let messages = lines.iter().map(|line| &line["fields"]["message"]);
    let mut of_body = messages.skip_while(|message| *message != "response");
    let is_read = of_body.any(|message| message == "store operation completed");
    assert!(is_read, "{log}");
}

#[tokio::test]
async fn log_line_of_an_account_export_has_its_request_id() {
    let folder = tempfile::tempdir().expect("a directory");
    let config = "[log]\nformat = \"json\"\n";
    fs::write(folder.path().join("latchkey.toml"), config).expect("written");
    let data_dir = folder.path().join("data");
    let arguments = super::arguments(&data_dir, "127.0.0.1:0");
    let server = super::RunningServer::spawn(&mut super::latchkey(folder.path(), &arguments));
    let caller = server.caller.clone();
    let tokens = caller.sign_in().await;
    let response = caller
        .get_as("/api/account/export", &tokens.access_token)
        .await;
    assert_eq!(response.status(), 200);
    let id = response.headers()["x-request-id"]
        .to_str()
        .expect("text")
        .to_owned();
    let log = server.stop();
    let lines = lines_of(&log, &id);
    let messages: Vec<_> = lines
        .iter()
        .map(|line| &line["fields"]["message"])
        .collect();
    assert_eq!(messages, ["account exported by its user"], "{log}");
}

#[tokio::test]
async fn every_response_has_its_own_id_unless_a_trusted_proxy_gave_one() {
    let folder = tempfile::tempdir().expect("a directory");
    let server = start(folder.path(), "");
    let caller = server.caller.clone();
    let mut seen = BTreeMap::new();
    for path in [
        "/",
        "/healthz",
        "/api/me",
        "/auth/providers",
        "/nowhere",
        "/favicon.ico",
    ] {
        let request = caller.get(path).header("x-request-id", "forged");
        let response = request.send().await.expect("a response");
        let ids: Vec<_> = response.headers().get_all("x-request-id").iter().collect();
        let [id] = ids[..] else {
            panic!("{path}: {ids:?}");
        };
        let id = id.to_str().expect("text").to_owned();
        assert_ne!(id, "forged", "{path}");
        assert_eq!(seen.insert(id, path), None, "{path}");
    }
    drop(server.stop());

    let folder = tempfile::tempdir().expect("a directory");
    let config = "trusted_proxies = [\"127.0.0.1\"]\n[log]\nformat = \"json\"\n";
    fs::write(folder.path().join("latchkey.toml"), config).expect("written");
    let data_dir = folder.path().join("data");
    let data_dir = data_dir.to_str().expect("text");
    let arguments = ["serve", "--data-dir", data_dir, "--listen", "127.0.0.1:0"];
    let server = super::RunningServer::spawn(&mut super::latchkey(folder.path(), &arguments));
    let caller = server.caller.clone();
    let request = caller.get("/api/me").header("x-request-id", "trace-7:f0/1");
    let response = request.send().await.expect("a response");
    assert_eq!(response.status(), 401);
    assert_eq!(response.headers()["x-request-id"], "trace-7:f0/1");
    let body: Value = response.json().await.expect("JSON");
    assert_eq!(body["request_id"], "trace-7:f0/1");
    let request = caller.get("/api/me").header("x-request-id", "a b\"c");
    let response = request.send().await.expect("a response");
    assert_ne!(response.headers()["x-request-id"], "a b\"c");
}

#[tokio::test]
async fn metrics_are_served_at_a_separate_address() {
    let folder = tempfile::tempdir().expect("a directory");
    let port = free_port().expect("a port");
    let config = format!("[metrics]\nlisten = \"127.0.0.1:{port}\"\n");
    let server = start(folder.path(), &config);
    assert_eq!(
        server
            .caller
            .get("/metrics")
            .send()
            .await
            .expect("a response")
            .status(),
        404
    );
    let metrics = latchkey_testing::ApiClient::new(format!("http://127.0.0.1:{port}"));
    let response = metrics.get("/metrics").send().await.expect("a response");
    assert_eq!(response.status(), 200);
    let text = response.text().await.expect("text");
    assert!(text.contains("latchkey_ready 1\n"), "{text}");
    for path in ["/", "/api/me", "/healthz"] {
        let response = metrics.get(path).send().await.expect("a response");
        assert_eq!(response.status(), 404, "{path}");
    }
}

#[tokio::test]
async fn metrics_that_the_network_can_read_are_reported_at_startup() {
    let token = "token = \"0123456789abcdef\"\n";
    for (host, more, warns) in [
        ("0.0.0.0", "", true),
        ("0.0.0.0", token, false),
        ("127.0.0.1", "", false),
    ] {
        let folder = tempfile::tempdir().expect("a directory");
        let config = format!("[metrics]\nlisten = \"{host}:0\"\n{more}");
        let log = start(folder.path(), &config).stop();
        let warned = log.contains("can read the metrics");
        assert_eq!(warned, warns, "{host}: {log}");
    }
}
