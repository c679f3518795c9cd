//! Starting other programs, waiting for them, and ending them by their id.

use std::env;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, ErrorKind};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Error, Result, anyhow, bail};
use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process, kill_process_group};

/// How often a condition outside this process is looked at again.
const POLL: Duration = Duration::from_millis(50);
/// How long a child may take to end after it was asked to.
const GRACE: Duration = Duration::from_secs(10);

/// Runs `command` with this terminal as its own; anything but success is an error.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command
        .status()
        .map_err(|error| not_started(command, &error))?;
    check(command, status)
}

/// Runs `command` and returns what it printed to stdout, without the white space around it.
pub(crate) fn stdout_of(command: &mut Command) -> Result<String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| not_started(command, &error))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!(
            "`{}` failed ({}): {}",
            line(command),
            output.status,
            said.trim()
        );
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Runs `command`, prints its stdout through as it comes and shows each line to `seen`.
pub(crate) fn run_watched(command: &mut Command, mut seen: impl FnMut(&str)) -> Result<()> {
    let child = command
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| not_started(command, &error))?;
    let mut guard = Guard(child);
    let stdout = guard.0.stdout.take().context("the child has no stdout")?;
    for read in BufReader::new(stdout).split(b'\n') {
        let bytes = read.context("cannot read the child's output")?;
        let text = String::from_utf8_lossy(&bytes);
        println!("{text}");
        seen(&text);
    }
    let status = guard.0.wait().context("cannot wait for the child")?;
    check(command, status)
}

/// Runs `command` and whatever it starts, and ends them all if they take longer than `limit`.
pub(crate) fn run_within(command: &mut Command, limit: Duration) -> Result<()> {
    let mut child = command
        .stdin(Stdio::null())
        .process_group(0)
        .spawn()
        .map_err(|error| not_started(command, &error))?;
    if let Some(status) = wait_until(&mut child, Instant::now() + limit)? {
        return check(command, status);
    }
    let group = Pid::from_child(&child);
    signalled(kill_process_group(group, Signal::TERM))?;
    if wait_until(&mut child, Instant::now() + GRACE)?.is_none() {
        signalled(kill_process_group(group, Signal::KILL))?;
        child.wait().context("cannot wait for the child")?;
    }
    bail!("`{}` took longer than {} s", line(command), limit.as_secs())
}

/// A running child, ended when this is dropped.
pub(crate) struct Guard(pub(crate) Child);

impl Guard {
    /// How the child ended, if it has.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.0.try_wait().ok().flatten()
    }

    /// Asks the child to end, and makes it after ten seconds.
    pub(crate) fn end(&mut self) -> Result<()> {
        if self
            .0
            .try_wait()
            .context("cannot look at the child")?
            .is_none()
        {
            signalled(kill_process(Pid::from_child(&self.0), Signal::TERM))?;
            if wait_until(&mut self.0, Instant::now() + GRACE)?.is_none() {
                self.0.kill().context("cannot end the child")?;
                self.0.wait().context("cannot wait for the child")?;
            }
        }
        Ok(())
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Err(error) = self.end() {
            eprintln!("process {}: {error:#}", self.0.id());
        }
    }
}

/// Calls `look` until it answers or `limit` is over.
pub(crate) fn poll<T>(
    limit: Duration,
    mut look: impl FnMut() -> Result<Option<T>>,
) -> Result<Option<T>> {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(found) = look()? {
            return Ok(Some(found));
        }
        if Instant::now() >= deadline {
            return Ok(None);
        }
        thread::sleep(POLL);
    }
}

/// Every program called `name` that PATH leads to, in PATH's order.
pub(crate) fn all_on_path(name: &str) -> Vec<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .map(|dir| dir.join(name))
        .filter(|file| is_program(file))
        .collect()
}

/// The first program called `name` on PATH.
pub(crate) fn on_path(name: &str) -> Option<PathBuf> {
    all_on_path(name).into_iter().next()
}

/// Whether `file` is there and may be executed.
pub(crate) fn is_program(file: &Path) -> bool {
    file.metadata()
        .is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

fn wait_until(child: &mut Child, deadline: Instant) -> Result<Option<ExitStatus>> {
    let left = deadline.saturating_duration_since(Instant::now());
    poll(left, || {
        child.try_wait().context("cannot look at the child")
    })
}

/// A process that is gone already needs no signal.
fn signalled(sent: Result<(), Errno>) -> Result<()> {
    match sent {
        Ok(()) | Err(Errno::SRCH) => Ok(()),
        Err(error) => Err(anyhow!("cannot signal the child: {error}")),
    }
}

fn check(command: &Command, status: ExitStatus) -> Result<()> {
    if status.success() {
        return Ok(());
    }
    match status.code() {
        Some(code) => bail!("`{}` failed with exit code {code}", line(command)),
        None => bail!("`{}` was ended from outside ({status})", line(command)),
    }
}

fn not_started(command: &Command, error: &std::io::Error) -> Error {
    let program = name(command.get_program());
    match error.kind() {
        ErrorKind::NotFound => anyhow!("`{program}` is not installed, or not on PATH"),
        _ => anyhow!("`{program}` cannot be started: {error}"),
    }
}

/// The command as a person would type it, for messages.
fn line(command: &Command) -> String {
    let mut line = name(command.get_program());
    for argument in command.get_args() {
        line.push(' ');
        line.push_str(&argument.to_string_lossy());
    }
    line
}

fn name(program: &OsStr) -> String {
    let path = Path::new(program);
    path.file_name()
        .unwrap_or(program)
        .to_string_lossy()
        .into_owned()
}

#[cfg(test)]
mod tests {
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
}
