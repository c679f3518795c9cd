//! Operators at the command line: with a server that runs, and on a store that rests.

use std::path::Path;

use super::process::{Running, finished, latchkey};
use crate::app::claims;
use latchkey_testing::code;

/// What a command answers, or what it says when it fails.
fn command(data_dir: &Path, arguments: &[&str]) -> Result<String, String> {
    let folder = data_dir.parent().expect("a parent");
    let mut all = arguments.to_vec();
    all.extend(["--data-dir", data_dir.to_str().expect("UTF-8")]);
    let (status, answer, said) = finished(&mut latchkey(folder, &all));
    if status.success() {
        Ok(answer)
    } else {
        Err(said)
    }
}

fn sub(access_token: &str) -> String {
    claims(access_token)["sub"]
        .as_str()
        .expect("text")
        .to_owned()
}

async fn banned(server: &Running, email: &str) -> bool {
    let begun = server.caller.begin("demo").await;
    let callback = server.caller.approve(&begun, email).await;
    let answer = server.caller.finish(&begun.cookie, &callback).await;
    answer.status() != 200 && code(answer).await == (400, "banned".into())
}

#[tokio::test]
async fn security_52_54_a_running_server_hears_of_it_at_once() {
    let folder = tempfile::tempdir().expect("a directory");
    let data_dir = folder.path().join("data");
    let server = Running::start(&data_dir);
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
    let said = command(&data_dir, &ban).expect("banned");
    assert!(said.contains("ada@example.com"), "{said}");
    assert!(said.contains("is banned; ended 1 session"), "{said}");
    let refused = caller.check(&ada.access_token).await;
    assert_eq!(refused, Err("token_revoked".into()));
    caller.refresh_is_refused(&ada.refresh_token).await;
    assert!(events.next().await.is_some() && events.next().await.is_none());
    assert!(banned(&server, "ada@example.com").await);

    let id = format!("--id={}", sub(&ada.access_token));
    let said = command(&data_dir, &["users", "unban", &id]).expect("unbanned");
    assert!(said.contains("may sign in again"), "{said}");
    let said = command(&data_dir, &["users", "unban", &id]).expect("unbanned");
    assert!(said.contains("was not banned"), "{said}");
    assert!(!banned(&server, "ada@example.com").await);

    let user = format!("--user={}", sub(&grace.access_token));
    let said = command(&data_dir, &["sessions", "end", &user]).expect("ended");
    assert!(said.ends_with(": ended 1 session\n"), "{said}");
    let refused = caller.check(&grace.access_token).await;
    assert_eq!(refused, Err("token_revoked".into()));
    caller.refresh_is_refused(&grace.refresh_token).await;

    let again = caller.sign_in_as("grace@example.com").await;
    let said = command(&data_dir, &["sessions", "end", "--all"]).expect("ended");
    assert_eq!(said, "ended 2 sessions\n");
    let refused = caller.check(&again.access_token).await;
    assert_eq!(refused, Err("token_revoked".into()));
}

#[tokio::test]
async fn security_52_54_a_store_that_rests_remembers_it() {
    let folder = tempfile::tempdir().expect("a directory");
    let data_dir = folder.path().join("data");
    let server = Running::start(&data_dir);
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
    let server = Running::over(&data_dir, &address);
    for ended in [&ada, &grace] {
        let refused = server.caller.check(&ended.access_token).await;
        assert_eq!(refused, Err("token_revoked".into()));
        server.caller.refresh_is_refused(&ended.refresh_token).await;
    }
    assert!(banned(&server, "ada@example.com").await);
    assert_eq!(server.caller.check(&mary.access_token).await, Ok(()));
    server.stop();

    let said = command(&data_dir, &["sessions", "end", "--all"]).expect("ended");
    assert_eq!(said, "ended 1 session\n");
    let unban = ["users", "unban", "--email", "ada@example.com"];
    command(&data_dir, &unban).expect("unbanned");
    let server = Running::over(&data_dir, &address);
    server.caller.refresh_is_refused(&mary.refresh_token).await;
    assert!(!banned(&server, "ada@example.com").await);
}

#[tokio::test]
async fn mistakes_are_told() {
    let folder = tempfile::tempdir().expect("a directory");
    let data_dir = folder.path().join("data");
    let nowhere = command(&data_dir, &["sessions", "end", "--all"]);
    assert!(nowhere.expect_err("no store").contains("there is no store"));
    assert!(!data_dir.exists(), "it made one");

    let server = Running::start(&data_dir);
    server.caller.sign_in().await;
    let long = "x".repeat(501);
    for (arguments, sentence) in [
        (
            &[
                "users",
                "ban",
                "--id=AAAAAAAAAAAAAAAAAAAAAA",
                "--reason",
                "x",
            ][..],
            "no account",
        ),
        (
            &["users", "ban", "--id=x", "--reason", "x"][..],
            "22 characters",
        ),
        (
            &[
                "users",
                "ban",
                "--email",
                "nobody@example.com",
                "--reason",
                "x",
            ][..],
            "no account",
        ),
        (
            &[
                "users",
                "ban",
                "--email",
                "ada@example.com",
                "--reason",
                " ",
            ][..],
            "1 to 500",
        ),
        (
            &[
                "users",
                "ban",
                "--email",
                "ada@example.com",
                "--reason",
                &long,
            ][..],
            "1 to 500",
        ),
        (
            &["users", "ban", "--email", "ada@example.com"][..],
            "--reason",
        ),
        (&["users", "ban", "--reason", "x"][..], "--email"),
        (&["sessions", "end"][..], "--all"),
        (
            &["sessions", "end", "--all", "--user=x"][..],
            "22 characters",
        ),
    ] {
        let said = command(&data_dir, arguments).expect_err("refused");
        assert!(said.contains(sentence), "{arguments:?}: {said}");
    }
    server.stop();
}
