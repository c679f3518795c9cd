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
    let grandchild = || std::fs::read_to_string(folder.path().join("grandchild"));
    // Until it has had the time to begin.
    let mut limits = [0, 5, 60].into_iter();
    while !grandchild().is_ok_and(|id| id.ends_with('\n')) {
        let limit = limits.next().expect("it never begins");
        let mut slow = sh("sleep 600 & echo $! > grandchild; wait");
        let limited = Duration::from_secs(limit) + Duration::from_millis(500);
        let error = run_within(slow.current_dir(folder.path()), limited);
        let error = error.expect_err("it never ends").to_string();
        let expected = format!("took longer than {limit} s");
        assert!(error.ends_with(&expected), "{error}");
    }
    let id = grandchild().expect("it wrote its id");
    let mut alive = sh(&format!("kill -0 {} 2>/dev/null", id.trim()));
    let gone = poll(Duration::from_mins(1), || {
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
