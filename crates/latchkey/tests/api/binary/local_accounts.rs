//! The commands for local accounts, while the server runs and while it is stopped; and what the log
//! says about mail that cannot be sent.

use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

use latchkey_testing::{claims, code, tokens};
use serde_json::{Value, json};

use super::process::{RunningServer, arguments, latchkey, run};
use crate::local_accounts::smtp::{Behavior, SmtpServer};
use crate::local_accounts::{OTHER_PASSWORD, PASSWORD, token_in};

/// Runs a command with `--json` in this folder and returns what it prints.
fn command(folder: &Path, arguments: &[&str]) -> Value {
    let all = [&["--json"], arguments].concat();
    let (_, stdout, stderr) = run(&mut latchkey(folder, &all));
    assert_eq!(stderr, "", "{arguments:?}");
    serde_json::from_str(&stdout).expect("one JSON value")
}

fn link<'a>(outcome: &'a Value, parameter: &str) -> &'a str {
    token_in(outcome["link"].as_str().expect("a link"), parameter)
}

async fn post(server: &RunningServer, path: &str, body: &Value) -> reqwest::Response {
    let request = server.caller.post(path).json(body);
    request.send().await.expect("a response")
}

async fn sign_in(server: &RunningServer, username: &str, password: &str) -> reqwest::Response {
    let body = json!({ "username": username, "password": password });
    post(server, "/auth/password", &body).await
}

#[tokio::test]
async fn operator_can_create_accounts_and_links_with_and_without_a_server() {
    let folder = tempfile::tempdir().expect("a directory");
    let folder = folder.path();
    let config = folder.join("latchkey.toml");
    std::fs::write(&config, "[local]\nsign_up = \"invite\"\n").expect("written");
    let data_dir = folder.join("data");
    let server = RunningServer::start(&data_dir);
    let address = server.address().to_owned();

    let create = [
        "users", "create", "Ada", "--role", "admin", "--name", "Ada L.",
    ];
    let created = command(folder, &create);
    assert_eq!(created["result"], "user_created", "{created}");
    assert_eq!(created["username"], "ada");
    let token = link(&created, "token");
    let body = json!({ "token": token, "new_password": PASSWORD });
    assert_eq!(
        post(&server, "/auth/password/reset", &body).await.status(),
        204
    );
    let ada = tokens(sign_in(&server, "ada", PASSWORD).await).await;
    assert_eq!(claims(&ada.access_token)["roles"], json!(["admin"]));
    let again = command(folder, &create);
    assert_eq!(again["error"], "invalid_argument", "{again}");
    assert_eq!(again["message"], "username: this username is taken");

    let invited = command(folder, &["users", "invite"]);
    assert_eq!(invited["result"], "invited");
    let invitation = link(&invited, "invitation").to_owned();
    let body = json!({ "username": "ben", "password": PASSWORD, "invitation": invitation });
    tokens(post(&server, "/auth/sign-up", &body).await).await;
    let unknown = command(folder, &["users", "reset-password", "eve"]);
    assert_eq!(unknown["error"], "unknown_user");
    let log = server.stop();
    for secret in [token, &invitation, PASSWORD] {
        assert!(!log.contains(secret), "{log}");
    }

    // The server is stopped.
    let created = command(folder, &["users", "reset-password", "ben"]);
    assert_eq!(created["result"], "password_link_created", "{created}");
    let create = ["--json", "users", "create", "eve", "--password-stdin"];
    let mut child = latchkey(folder, &create)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("started");
    let mut stdin = child.stdin.take().expect("a pipe");
    writeln!(stdin, "{OTHER_PASSWORD}").expect("written");
    drop(stdin);
    let output = child.wait_with_output().expect("the process ended");
    let eve: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(
        (&eve["result"], eve.get("link")),
        (&json!("user_created"), None)
    );

    let server = RunningServer::start_at(&data_dir, &address);
    tokens(sign_in(&server, "eve", OTHER_PASSWORD).await).await;
    let body = json!({ "token": link(&created, "token"), "new_password": OTHER_PASSWORD });
    assert_eq!(
        post(&server, "/auth/password/reset", &body).await.status(),
        204
    );
    let refused = sign_in(&server, "ben", PASSWORD).await;
    assert_eq!(code(refused).await, (401, "invalid_credentials".into()));

    // Without the section `[local]`, the commands are refused.
    server.stop();
    std::fs::remove_file(&config).expect("removed");
    let disabled = command(folder, &["users", "invite"]);
    assert_eq!(disabled["error"], "configuration");
}

#[tokio::test]
async fn refused_mail_is_logged_without_its_link() {
    let folder = tempfile::tempdir().expect("a directory");
    let folder = folder.path();
    let mut mail = SmtpServer::start(Behavior::Refuses).await;
    let config = format!("[local]\n{}", mail.section());
    std::fs::write(folder.join("latchkey.toml"), config).expect("written");
    let data_dir = folder.join("data");
    let server = RunningServer::spawn(&mut latchkey(folder, &arguments(&data_dir, "127.0.0.1:0")));
    let email = "--email=ada@example.com";
    command(folder, &["users", "create", "ada", email]);
    let body = json!({ "username": "ada" });
    let response = post(&server, "/auth/password/reset-request", &body).await;
    assert_eq!(response.status(), 202);
    let conversation = mail.next().await;
    assert_eq!(conversation.message, None);
    while !server.log().contains("cannot send a link") {
        tokio::task::yield_now().await;
    }
    let log = server.stop();
    assert!(!log.contains("token="), "{log}");
}
