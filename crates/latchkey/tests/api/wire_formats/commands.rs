//! The output of `--help`, and of every command with `--json`.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::{Snapshot, pretty};
use crate::app::claims;
use crate::binary::{RunningServer, latchkey, run};

/// The commands and groups of commands.
const COMMANDS: [&str; 26] = [
    "",
    "serve",
    "config",
    "config check",
    "keys",
    "keys list",
    "keys rotate",
    "users",
    "users list",
    "users show",
    "users set-roles",
    "users ban",
    "users unban",
    "users create",
    "users invite",
    "users reset-password",
    "sessions",
    "sessions list",
    "sessions end",
    "denials",
    "denials list",
    "denials add",
    "denials lift",
    "audit",
    "export",
    "import",
];

/// The length of a user id in base64url.
const ID_LENGTH: usize = 22;

#[test]
fn help() {
    let folder = tempfile::tempdir().expect("a directory");
    let mut snapshot = Snapshot::default();
    for command in COMMANDS {
        let mut arguments: Vec<&str> = command.split_whitespace().collect();
        arguments.push("--help");
        let (status, stdout, stderr) = run(&mut latchkey(folder.path(), &arguments));
        assert!(status.success() && stderr.is_empty(), "{stderr}");
        let title = format!("latchkey {}", arguments.join(" "));
        snapshot.section(&title, stdout.trim_end());
    }
    insta::assert_snapshot!(snapshot.text);
}

/// Replaces times, in seconds since 1970: commands use this machine's clock.
fn redact_times(value: &mut Value) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(redact_times),
        Value::Object(members) => members.values_mut().for_each(redact_times),
        Value::Number(number) if number.as_u64().is_some_and(|it| it > 1_000_000_000) => {
            *value = "[time]".into();
        }
        _ => {}
    }
}

/// Runs a command with `--json`, and adds its exit code and output.
fn add_command(snapshot: &mut Snapshot, folder: &Path, arguments: &[&str]) {
    let mut all = vec!["--json"];
    all.extend(arguments);
    let (status, stdout, stderr) = run(&mut latchkey(folder, &all));
    assert_eq!(stderr, "", "{arguments:?}");
    let mut value: Value = serde_json::from_str(&stdout).expect("one JSON value");
    redact_times(&mut value);
    let code = status.code().expect("an exit code");
    let title = format!("latchkey {}", all.join(" "));
    let title = match title.split_once("--id=") {
        Some((before, after)) => format!("{before}--id=[id]{}", &after[ID_LENGTH..]),
        None => title,
    };
    let text = format!("exit code {code}\n\n{}", pretty(value));
    let text = text.replace(folder.to_str().expect("UTF-8"), "{folder}");
    snapshot.section(&title, &text);
}

#[tokio::test]
async fn json() {
    let folder = tempfile::tempdir().expect("a directory");
    let folder = folder.path();
    let server = RunningServer::start(&folder.join("data"));
    let signed_in = server.caller.sign_in().await;
    let id = claims(&signed_in.access_token)["sub"].clone();
    let id = id.as_str().expect("text");
    let by_id = format!("--id={id}");
    let mut snapshot = Snapshot {
        url: server.caller.url.clone(),
        ..Snapshot::default()
    };
    for arguments in [
        &["config", "check"][..],
        &["users", "list"],
        &["users", "show", "ada@example.com"],
        &["users", "set-roles", "ada@example.com", "editor"],
        &["sessions", "list"],
        &["sessions", "end", "--email", "ada@example.com"],
        &["denials", "list"],
        &["keys", "list"],
        &["users", "ban", &by_id, "--reason", "spam"],
        &["users", "unban", &by_id],
        &["users", "unban", &by_id],
        &["sessions", "end", "--all"],
        &["keys", "rotate"],
        &["export", "backup.jsonl"],
    ] {
        add_command(&mut snapshot, folder, arguments);
    }
    server.stop();
    fs::create_dir(folder.join("other")).expect("created");
    let key = "master.key";
    fs::copy(
        folder.join("data").join(key),
        folder.join("other").join(key),
    )
    .expect("copied");
    let import = ["import", "backup.jsonl", "--data-dir", "other"];
    add_command(&mut snapshot, folder, &import);
    insta::assert_snapshot!(snapshot.text);
}

#[tokio::test]
async fn json_of_failures() {
    let folder = tempfile::tempdir().expect("a directory");
    let folder = folder.path();
    let mut snapshot = Snapshot::default();
    fs::write(folder.join("file.jsonl"), "not a backup\n").expect("written");
    for arguments in [
        &["unknown"][..],
        &["users", "ban"],
        &["sessions", "end", "--all"],
        &["export", "file.jsonl"],
        &["import", "missing.jsonl"],
    ] {
        add_command(&mut snapshot, folder, arguments);
    }
    let server = RunningServer::start(&folder.join("data"));
    server.caller.sign_in().await;
    for arguments in [
        &["users", "unban", "--email=nobody@example.com"][..],
        &["users", "ban", "--email=ada@example.com", "--reason="],
        &["users", "set-roles", "ada@example.com", "Admin"],
        &["sessions", "end", "AAAAAAAAAAAAAAAAAAAAAA"],
        &["denials", "lift", "AAAAAAAAAAAAAAAAAAAAAA"],
        &["users", "list", "--before", "x"],
        &["import", "file.jsonl"],
    ] {
        add_command(&mut snapshot, folder, arguments);
    }
    server.stop();
    let invalid = "admins = [\"ada\"]\n[tokens]\naccess_ttl = \"2d\"\n";
    fs::write(folder.join("latchkey.toml"), invalid).expect("written");
    add_command(&mut snapshot, folder, &["config", "check"]);
    insta::assert_snapshot!(snapshot.text);
}
