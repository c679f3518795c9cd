//! Children are watched, limited and ended.

use super::*;

fn sh(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    command
}

#[test]
fn a_failure_names_the_command_and_the_code() {
    let error = run(&mut sh("exit 3")).expect_err("it fails").to_string();
    assert_eq!(error, "`sh -c exit 3` failed with exit code 3");
}

#[test]
fn a_missing_program_is_named() {
    let error = run(&mut Command::new("no-such-program-anywhere")).expect_err("missing");
    assert_eq!(
        error.to_string(),
        "`no-such-program-anywhere` is not installed, or not on PATH"
    );
}

#[test]
fn lines_are_shown_as_they_come() {
    let mut lines = Vec::new();
    run_watched(&mut sh("echo one; echo two"), |line| {
        lines.push(line.to_owned());
    })
    .expect("runs");
    assert_eq!(lines, ["one", "two"]);
}

#[test]
fn what_takes_too_long_is_ended_with_its_children() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut slow = sh("sleep 600 & echo $! > grandchild; wait");
    let error = run_within(slow.current_dir(folder.path()), Duration::from_millis(500))
        .expect_err("it never ends");
    assert!(
        error.to_string().ends_with("took longer than 0 s"),
        "{error}"
    );
    let id = std::fs::read_to_string(folder.path().join("grandchild")).expect("it wrote its id");
    let mut alive = sh(&format!("kill -0 {} 2>/dev/null", id.trim()));
    let gone = poll(Duration::from_secs(5), || {
        Ok(run(&mut alive).is_err().then_some(()))
    });
    assert!(
        gone.expect("can be asked").is_some(),
        "the grandchild lives on"
    );
}

#[test]
fn a_dropped_guard_ends_its_child() {
    let child = Command::new("sleep").arg("600").spawn().expect("starts");
    let id = child.id();
    drop(Guard(child));
    assert!(run(&mut sh(&format!("kill -0 {id} 2>/dev/null"))).is_err());
}

#[test]
fn programs_are_found_on_path() {
    assert!(on_path("sh").is_some());
    assert!(on_path("no-such-program-anywhere").is_none());
}
