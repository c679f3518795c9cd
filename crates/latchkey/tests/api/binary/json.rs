//! `--json`: every command prints exactly one value to standard output, on success and on failure,
//! whether or not a server is running.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::process::{RunningServer, latchkey, run};
use super::seeded_data_dir::FREE_PORT;
use crate::app::claims;

/// Runs a command with `--json` in this folder, and returns its exit code and the one value that it
/// prints.
fn command(folder: &Path, arguments: &[&str]) -> (i32, Value) {
    let mut all = vec!["--json"];
    all.extend(arguments);
    let (status, stdout, stderr) = run(&mut latchkey(folder, &all));
    assert_eq!(stderr, "", "{arguments:?}");
    assert_eq!(stdout.lines().count(), 1, "{stdout}");
    let value = serde_json::from_str(&stdout).expect("one JSON value");
    (status.code().expect("an exit code"), value)
}

fn success(folder: &Path, arguments: &[&str]) -> Value {
    let (code, value) = command(folder, arguments);
    assert_eq!(code, 0, "{arguments:?}: {value}");
    value
}

/// Asserts that the command fails with this exit code and a message, and returns the printed value.
fn error(folder: &Path, arguments: &[&str], exit: i32) -> Value {
    let (code, value) = command(folder, arguments);
    assert_eq!(code, exit, "{arguments:?}: {value}");
    let text = value["message"].as_str().expect("a message");
    assert!(!text.is_empty() && value["result"].is_null(), "{value}");
    value
}

fn kid(outcome: &Value) -> &str {
    assert_eq!(outcome["result"], "key_rotated");
    // Less than 600 if an earlier rotation has published this key.
    let signs_in = outcome["signs_in_seconds"].as_u64().expect("a number");
    assert!((1..=600).contains(&signs_in), "{outcome}");
    outcome["kid"].as_str().expect("a kid")
}

/// Runs the commands for one user with one live session. The results are the same online and
/// offline.
fn commands_on_users(folder: &Path, id: &str) {
    let ada = json!({ "id": id, "email": "ada@example.com", "email_verified": true });
    let by_id = format!("--id={id}");
    let end = ["sessions", "end", "--email", "ada@example.com"];
    assert_eq!(
        success(folder, &end),
        json!({ "result": "sessions_ended", "user": ada, "sessions_ended": 1 })
    );
    let ban = ["users", "ban", &by_id, "--reason", "spam"];
    assert_eq!(
        success(folder, &ban),
        json!({ "result": "user_banned", "user": ada, "sessions_ended": 0 })
    );
    for result in ["user_unbanned", "user_not_banned"] {
        let outcome = success(folder, &["users", "unban", &by_id]);
        assert_eq!(outcome, json!({ "result": result, "user": ada }));
    }
    assert_eq!(
        success(folder, &["sessions", "end", "--all"]),
        json!({ "result": "all_sessions_ended", "sessions_ended": 0 })
    );
    assert!(!kid(&success(folder, &["keys", "rotate"])).is_empty());

    let nobody = ["users", "unban", "--email", "nobody@example.com"];
    assert_eq!(error(folder, &nobody, 1)["error"], "unknown_user");
    let no_reason = ["users", "ban", &by_id, "--reason", " "];
    assert_eq!(error(folder, &no_reason, 1)["error"], "invalid_reason");
}

#[tokio::test]
async fn commands_print_the_same_online_and_offline() {
    let folder = tempfile::tempdir().expect("a directory");
    let folder = folder.path();
    let server = RunningServer::start(&folder.join("data"));
    let signed_in = server.caller.sign_in().await;
    let id = claims(&signed_in.access_token)["sub"].clone();
    let id = id.as_str().expect("text");
    commands_on_users(folder, id);
    let online = success(folder, &["export", "online.jsonl"]);
    assert_eq!(online["file"], "online.jsonl");

    // Another session to end.
    server.caller.sign_in().await;
    server.stop();
    commands_on_users(folder, id);
    let offline = success(folder, &["export", "offline.jsonl"]);
    for (exported, name) in [(&online, "online.jsonl"), (&offline, "offline.jsonl")] {
        assert_eq!(exported["result"], "exported");
        let lines = fs::read_to_string(folder.join(name)).expect("a backup");
        // The first line is a header and the last one a summary.
        let records = exported["records"].as_u64().expect("a number");
        assert_eq!(usize::try_from(records), Ok(lines.lines().count() - 2));
    }

    fs::create_dir(folder.join("other")).expect("created");
    fs::copy(
        folder.join("data/master.key"),
        folder.join("other/master.key"),
    )
    .expect("copied");
    let import = ["import", "offline.jsonl", "--data-dir", "other"];
    let records = offline["records"].clone();
    let imported = json!({ "result": "imported", "records": records });
    assert_eq!(success(folder, &import), imported);
}

#[test]
fn serve_prints_its_result_when_it_has_stopped() {
    let folder = tempfile::tempdir().expect("a directory");
    let mut child = latchkey(
        folder.path(),
        &["serve", "--json", "--demo", "--listen", FREE_PORT],
    )
    .stdout(Stdio::piped())
    .stderr(Stdio::piped())
    .spawn()
    .expect("started");
    let mut log = BufReader::new(child.stderr.take().expect("a pipe")).lines();
    let listens = log.any(|line| line.expect("text").contains("listening on"));
    assert!(listens, "the process ended");
    let id = child.id().to_string();
    let sent = Command::new("kill").args(["-TERM", &id]).status();
    assert!(sent.expect("sent").success());
    // Read the rest, so that the process is not blocked by a full pipe.
    log.for_each(drop);
    let done = child.wait_with_output().expect("the process ended");
    assert!(done.status.success());
    assert_eq!(done.stdout, b"{\"result\":\"stopped\"}\n");
}

#[test]
fn config_check_lists_every_error() {
    let folder = tempfile::tempdir().expect("a directory");
    let folder = folder.path();
    let check = ["config", "check"];
    assert_eq!(
        success(folder, &check),
        json!({ "result": "configuration_valid" })
    );
    let text = "admins = [\"ada\"]\n[tokens]\naccess_ttl = \"2d\"";
    fs::write(folder.join("latchkey.toml"), text).expect("written");
    let failure = error(folder, &check, 1);
    assert_eq!(failure["error"], "configuration");
    let errors = failure["errors"].as_array().expect("a list");
    let named = |key| {
        let about = |error: &&Value| error.as_str().is_some_and(|text| text.contains(key));
        errors.iter().filter(about).count()
    };
    assert_eq!((named("admins"), named("access_ttl")), (1, 1), "{failure}");
    // `serve` prints the same.
    assert_eq!(error(folder, &["serve"], 1), failure);
}

#[test]
fn failures_have_codes() {
    let folder = tempfile::tempdir().expect("a directory");
    let folder = folder.path();
    fs::write(folder.join("there.jsonl"), "a backup?\n").expect("written");
    let long = "a".repeat(120);
    for (arguments, exit, code) in [
        (&["users", "ban"][..], 2, "usage"),
        (&["sessions", "end", "--all", "--user=x"][..], 2, "usage"),
        (&["dance"][..], 2, "usage"),
        (&["export"][..], 2, "usage"),
        (&["export", "there.jsonl"][..], 1, "file_exists"),
        (&["export", "new.jsonl"][..], 1, "no_store"),
        (&["sessions", "end", "--all"][..], 1, "no_store"),
        (&["keys", "rotate"][..], 1, "no_store"),
        // The path of the control socket would be too long.
        (&["keys", "rotate", "--data-dir", &long][..], 1, "no_store"),
        (&["import", "missing.jsonl"][..], 1, "failed"),
    ] {
        assert_eq!(
            error(folder, arguments, exit)["error"],
            code,
            "{arguments:?}"
        );
    }
    assert!(!folder.join("data").exists(), "a command created a store");
    let server = RunningServer::start(&folder.join("data"));
    let second = ["serve", "--demo", "--listen", FREE_PORT];
    assert_eq!(error(folder, &second, 1)["error"], "store_failed");
    let import = ["import", "there.jsonl"];
    assert_eq!(error(folder, &import, 1)["error"], "invalid_backup");
    server.stop();
}

#[test]
fn a_version_mismatch_between_program_and_server_is_an_error() {
    let folder = tempfile::tempdir().expect("a directory");
    let server = RunningServer::start(&folder.path().join("data"));
    let send = |line: &str| -> Value {
        let mut socket =
            UnixStream::connect(folder.path().join("data/control.sock")).expect("open");
        socket
            .write_all(format!("{line}\n").as_bytes())
            .expect("sent");
        let mut response = String::new();
        socket.read_to_string(&mut response).expect("a response");
        serde_json::from_str(&response).expect("JSON")
    };
    // Before versions were introduced, a failure was `Err` with a message.
    let old = send(r#"{"operate":"end_everyone"}"#);
    assert!(
        old["Err"]
            .as_str()
            .expect("a message")
            .contains("different version")
    );
    let later = send(r#"{"version":999,"command":{"dance":{}}}"#);
    assert_eq!(later["answer"]["failure"]["error"], "server_version");
    server.stop();

    // A server that responds like an earlier version.
    let socket = folder.path().join("data/control.sock");
    let listener = std::os::unix::net::UnixListener::bind(socket).expect("bound");
    let earlier = std::thread::spawn(move || {
        for _ in 0..2 {
            let (mut stream, _) = listener.accept().expect("a connection");
            let mut byte = [0];
            while byte != *b"\n" {
                stream.read_exact(&mut byte).expect("a line");
            }
            let response = "{\"Err\":\"this server does not know the command\"}\n";
            stream.write_all(response.as_bytes()).expect("a response");
        }
    });
    for arguments in [&["keys", "rotate"][..], &["export", "new.jsonl"][..]] {
        let failure = error(folder.path(), arguments, 1);
        assert_eq!(failure["error"], "server_version", "{failure}");
    }
    assert!(!folder.path().join("new.jsonl").exists());
    earlier.join().expect("the thread panicked");
}
