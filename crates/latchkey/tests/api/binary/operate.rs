//! The operator commands, with a running server and with a stopped one.

use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

use super::process::{RunningServer, latchkey, run};
use crate::app::claims;
use latchkey_testing::code;
use serde_json::Value;

/// Runs a command and returns its output, or its error if it fails.
fn command(data_dir: &Path, arguments: &[&str]) -> Result<String, String> {
    let folder = data_dir.parent().expect("a parent");
    let mut all = arguments.to_vec();
    all.extend(["--data-dir", data_dir.to_str().expect("UTF-8")]);
    let (status, stdout, stderr) = run(&mut latchkey(folder, &all));
    if status.success() {
        Ok(stdout)
    } else {
        Err(stderr)
    }
}

fn sub(access_token: &str) -> String {
    claims(access_token)["sub"]
        .as_str()
        .expect("text")
        .to_owned()
}

async fn is_banned(server: &RunningServer, email: &str) -> bool {
    let begun = server.caller.begin("demo").await;
    let callback = server.caller.approve(&begun, email).await;
    let response = server.caller.finish(&begun.cookie, &callback).await;
    response.status() != 200 && code(response).await == (400, "banned".into())
}

#[tokio::test]
async fn security_52_54_operator_commands_take_effect_immediately_on_a_running_server() {
    let folder = tempfile::tempdir().expect("a directory");
    let data_dir = folder.path().join("data");
    let server = RunningServer::start(&data_dir);
    let caller = &server.caller;
    let ada = caller.sign_in().await;
    let grace = caller.sign_in_as("grace@example.com").await;
    let mut events = caller.events(&ada.access_token).await;

    let ban = [
        "users",
        "ban",
        "--email",
        "Ada@example.com",
        "--reason",
        "spam",
    ];
    let stdout = command(&data_dir, &ban).expect("banned");
    assert!(stdout.contains("ada@example.com"), "{stdout}");
    assert!(stdout.contains("is banned; ended 1 session"), "{stdout}");
    let refused = caller.check(&ada.access_token).await;
    assert_eq!(refused, Err("token_revoked".into()));
    caller.refresh_is_refused(&ada.refresh_token).await;
    assert!(events.next().await.is_some() && events.next().await.is_none());
    assert!(is_banned(&server, "ada@example.com").await);

    let id = format!("--id={}", sub(&ada.access_token));
    let stdout = command(&data_dir, &["users", "unban", &id]).expect("unbanned");
    assert!(stdout.contains("may sign in again"), "{stdout}");
    let stdout = command(&data_dir, &["users", "unban", &id]).expect("unbanned");
    assert!(stdout.contains("was not banned"), "{stdout}");
    assert!(!is_banned(&server, "ada@example.com").await);

    let user = format!("--user={}", sub(&grace.access_token));
    let stdout = command(&data_dir, &["sessions", "end", &user]).expect("ended");
    assert!(stdout.ends_with(": ended 1 session\n"), "{stdout}");
    let refused = caller.check(&grace.access_token).await;
    assert_eq!(refused, Err("token_revoked".into()));
    caller.refresh_is_refused(&grace.refresh_token).await;

    let again = caller.sign_in_as("grace@example.com").await;
    let stdout = command(&data_dir, &["sessions", "end", "--all"]).expect("ended");
    assert_eq!(stdout, "ended 2 sessions\n");
    let refused = caller.check(&again.access_token).await;
    assert_eq!(refused, Err("token_revoked".into()));
}

#[tokio::test]
async fn security_52_54_operator_commands_with_a_stopped_server_take_effect_at_the_next_start() {
    let folder = tempfile::tempdir().expect("a directory");
    let data_dir = folder.path().join("data");
    let server = RunningServer::start(&data_dir);
    let address = server.address().to_owned();
    let ada = server.caller.sign_in().await;
    let grace = server.caller.sign_in_as("grace@example.com").await;
    let mary = server.caller.sign_in_as("mary@example.com").await;
    server.stop();

    let ban = [
        "users",
        "ban",
        "--email",
        "ada@example.com",
        "--reason",
        "spam",
    ];
    command(&data_dir, &ban).expect("banned");
    let end = ["sessions", "end", "--email", "grace@example.com"];
    command(&data_dir, &end).expect("ended");
    let server = RunningServer::start_at(&data_dir, &address);
    for ended in [&ada, &grace] {
        let refused = server.caller.check(&ended.access_token).await;
        assert_eq!(refused, Err("token_revoked".into()));
        server.caller.refresh_is_refused(&ended.refresh_token).await;
    }
    assert!(is_banned(&server, "ada@example.com").await);
    assert_eq!(server.caller.check(&mary.access_token).await, Ok(()));
    server.stop();

    let stdout = command(&data_dir, &["sessions", "end", "--all"]).expect("ended");
    assert_eq!(stdout, "ended 1 session\n");
    let unban = ["users", "unban", "--email", "ada@example.com"];
    command(&data_dir, &unban).expect("unbanned");
    let server = RunningServer::start_at(&data_dir, &address);
    server.caller.refresh_is_refused(&mary.refresh_token).await;
    assert!(!is_banned(&server, "ada@example.com").await);
}

#[tokio::test]
async fn invalid_operator_commands_are_refused() {
    let folder = tempfile::tempdir().expect("a directory");
    let data_dir = folder.path().join("data");
    let no_store = command(&data_dir, &["sessions", "end", "--all"]);
    assert!(
        no_store
            .expect_err("no store")
            .contains("there is no store")
    );
    assert!(!data_dir.exists(), "the command created a store");

    let server = RunningServer::start(&data_dir);
    server.caller.sign_in().await;
    let long = "x".repeat(501);
    let ban = |user: &'static str, reason| ["users", "ban", user, "--reason", reason];
    let ada = "--email=ada@example.com";
    for (arguments, message) in [
        (
            &ban("--id=AAAAAAAAAAAAAAAAAAAAAA", "x")[..],
            "no user matches",
        ),
        (&ban("--id=x", "x")[..], "22 characters"),
        (
            &ban("--email=nobody@example.com", "x")[..],
            "no user matches",
        ),
        (&ban(ada, " ")[..], "1 to 500"),
        (&ban(ada, &long)[..], "1 to 500"),
        (&["users", "ban", ada][..], "--reason"),
        (&["users", "ban", "--reason", "x"][..], "--email"),
        (&["sessions", "end"][..], "--all"),
        (
            &["sessions", "end", "--all", "--user=x"][..],
            "22 characters",
        ),
    ] {
        let stderr = command(&data_dir, arguments).expect_err("refused");
        assert!(stderr.contains(message), "{arguments:?}: {stderr}");
    }
    server.stop();
}

/// Runs a command with this text on standard input.
fn command_with_input(data_dir: &Path, arguments: &[&str], input: &str) -> (bool, String) {
    let folder = data_dir.parent().expect("a parent");
    let mut all = arguments.to_vec();
    all.extend(["--data-dir", data_dir.to_str().expect("UTF-8")]);
    let mut child = latchkey(folder, &all)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("started");
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(input.as_bytes()).expect("written");
    drop(stdin);
    let output = child.wait_with_output().expect("ended");
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8(text).expect("UTF-8");
    (output.status.success(), text)
}

#[tokio::test]
async fn audit_records_are_selected_by_kind_outcome_and_time_with_and_without_a_server() {
    let folder = tempfile::tempdir().expect("a directory");
    let data_dir = folder.path().join("data");
    let server = RunningServer::start(&data_dir);
    let ada = server.caller.sign_in().await;
    command(
        &data_dir,
        &["users", "ban", "--email=ada@example.com", "--reason=spam"],
    )
    .expect("banned");
    assert!(is_banned(&server, "ada@example.com").await);
    let user = format!("--user={}", sub(&ada.access_token));
    let select = |arguments: &[&str]| {
        let arguments = [&["audit", "--json"], arguments].concat();
        let output = command(&data_dir, &arguments).expect("printed");
        let output: Value = serde_json::from_str(&output).expect("JSON");
        let events = output["events"].as_array().expect("records");
        let kinds = events
            .iter()
            .map(|event| event["kind"].as_str().expect("text"));
        kinds.map(str::to_owned).collect::<Vec<_>>()
    };
    let select_all = || {
        [
            select(&["--kind=signed_in"]),
            select(&[&user, "--kind=banned", "--outcome=success", "--since=1h"]),
            select(&["--kind=banned", "--outcome=refused"]),
            select(&["--until=1h"]),
            select(&["--since=2099-01-31T12:00:00Z"]),
            select(&[
                &user,
                "--until=2099-01-31T12:00:00Z",
                "--limit=1",
                "--outcome=success",
            ]),
        ]
    };
    let expected = [vec!["signed_in"], vec!["banned"], vec![], vec![], vec![]];
    // Refusals are recorded in the background.
    while select(&["--outcome=refused"]) != ["sign_in_refused"] {
        tokio::task::yield_now().await;
    }
    let running = select_all();
    assert_eq!(running[..5], expected);
    assert_eq!(running[5].len(), 1);
    server.stop();
    assert_eq!(select_all(), running);
    let data_dir = data_dir.to_str().expect("UTF-8");
    let mut invalid = vec!["audit", "--since=yesterday", "--data-dir", data_dir];
    let (status, _, stderr) = run(&mut latchkey(folder.path(), &invalid));
    assert_eq!(status.code(), Some(2));
    assert!(
        stderr.contains("--since: \"yesterday\" is neither"),
        "{stderr}"
    );
    invalid.push("--json");
    let (status, stdout, _) = run(&mut latchkey(folder.path(), &invalid));
    assert_eq!(status.code(), Some(2), "{stdout}");
}

#[tokio::test]
async fn users_sessions_and_denials_are_listed_and_changed_with_and_without_a_server() {
    let folder = tempfile::tempdir().expect("a directory");
    let data_dir = folder.path().join("data");
    let server = RunningServer::start(&data_dir);
    let address = server.address().to_owned();
    let caller = &server.caller;
    let ada = caller.sign_in().await;
    let bob = caller.sign_in_as("bob@example.com").await;
    let run = |arguments: &[&str]| command(&data_dir, arguments).expect("succeeded");

    let first = run(&["users", "list", "--limit=1"]);
    let (user, more) = first.split_once('\n').expect("two lines");
    assert!(user.contains("bob@example.com"), "{first}");
    let next = more.trim().rsplit(' ').next().expect("a flag");
    let second = run(&["users", "list", "--limit=1", next]);
    assert!(second.contains("ada@example.com"), "{second}");
    let granted = run(&["users", "set-roles", "bob@example.com", "admin", "editor"]);
    assert!(
        granted.ends_with("the granted roles admin editor\n"),
        "{granted}"
    );
    let bob = caller.refreshed(&bob.refresh_token).await;
    let roles = claims(&bob.access_token)["roles"].clone();
    assert_eq!(roles, serde_json::json!(["admin", "editor"]));
    assert!(run(&["users", "list", "--role=editor"]).contains("bob@"));

    let deny = ["denials", "add", "--token-stdin", "--reason=copied"];
    let (done, text) = command_with_input(&data_dir, &deny, &ada.access_token);
    assert!(done && text.contains("is refused"), "{text}");
    let refused = Err("token_revoked".to_owned());
    assert_eq!(caller.check(&ada.access_token).await, refused);
    let (done, text) = command_with_input(&data_dir, &deny, "nonsense");
    assert!(!done && text.contains("not an access token"), "{text}");
    let list = run(&["denials", "list"]);
    assert!(list.contains("by command line  copied"), "{list}");
    let jti = claims(&ada.access_token)["jti"].clone();
    run(&["denials", "lift", jti.as_str().expect("text")]);
    assert_eq!(caller.check(&ada.access_token).await, Ok(()));
    assert_eq!(run(&["denials", "list"]), "no entries\n");

    let sid = claims(&ada.access_token)["sid"].clone();
    let sid = sid.as_str().expect("text");
    let of_ada = run(&["sessions", "list", "--user=ada@example.com"]);
    assert!(of_ada.starts_with(sid), "{of_ada}");
    assert_eq!(run(&["sessions", "list"]).lines().count(), 2);
    assert!(run(&["keys", "list"]).contains("signing since"));
    server.stop();

    // With the server stopped.
    let ended = run(&["sessions", "end", sid]);
    assert!(ended.contains("has ended"), "{ended}");
    assert_eq!(run(&["sessions", "list"]).lines().count(), 1);
    run(&["users", "set-roles", "bob@example.com"]);
    let ban = [
        "users",
        "ban",
        "--email=ada@example.com",
        "--reason=x",
        "--until=7d",
    ];
    run(&ban);
    let shown = run(&["users", "show", "ada@example.com"]);
    assert!(shown.contains("banned until 2"), "{shown}");
    assert_eq!(run(&["users", "list", "--status=banned"]), shown);
    let (done, text) = command_with_input(&data_dir, &deny, &bob.access_token);
    assert!(!done && text.contains("start the server"), "{text}");
    let past = [&ban[..4], &["--until=2001-01-01T00:00:00Z"]].concat();
    let error = command(&data_dir, &past).expect_err("refused");
    assert!(error.contains("is not in the future"), "{error}");

    let server = RunningServer::start_at(&data_dir, &address);
    assert_eq!(server.caller.check(&ada.access_token).await, refused);
    assert!(is_banned(&server, "ada@example.com").await);
    let bob = server.caller.refreshed(&bob.refresh_token).await;
    let roles = claims(&bob.access_token)["roles"].clone();
    assert_eq!(roles, serde_json::json!([]));
    server.stop();
}
