//! Starts other programs, waits for them, and terminates them by process id.

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

/// The time between two checks of a condition, such as whether a child has exited.
const POLL_INTERVAL: Duration = Duration::from_millis(50);
/// How long a child may take to exit after SIGTERM.
const TERM_TIMEOUT: Duration = Duration::from_secs(10);

/// Runs `command` in this terminal. A failure is an error.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command
        .status()
        .map_err(|error| start_error(command, &error))?;
    check(command, status)
}

/// Runs `command` and returns its trimmed stdout.
pub(crate) fn stdout_of(command: &mut Command) -> Result<String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| start_error(command, &error))?;
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        bail!(
            "`{}` failed ({}): {}",
            line(command),
            output.status,
            stderr.trim()
        );
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Runs `command`, prints its stdout as it arrives, and passes each line to `on_line`.
pub(crate) fn run_watched(command: &mut Command, mut on_line: impl FnMut(&str)) -> Result<()> {
    let child = command
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| start_error(command, &error))?;
    let mut guard = Guard(child);
    let stdout = guard.0.stdout.take().context("the child has no stdout")?;
    for read in BufReader::new(stdout).split(b'\n') {
        let bytes = read.context("cannot read the child's output")?;
        let text = String::from_utf8_lossy(&bytes);
        println!("{text}");
        on_line(&text);
    }
    let status = guard.0.wait().context("cannot wait for the child")?;
    check(command, status)
}

/// Runs `command`, and terminates it and all its descendants if it takes longer than `limit`.
pub(crate) fn run_within(command: &mut Command, limit: Duration) -> Result<()> {
    let mut child = command
        .stdin(Stdio::null())
        .process_group(0)
        .spawn()
        .map_err(|error| start_error(command, &error))?;
    if let Some(status) = wait_until(&mut child, Instant::now() + limit)? {
        return check(command, status);
    }
    let group = Pid::from_child(&child);
    ignore_exited(kill_process_group(group, Signal::TERM))?;
    if wait_until(&mut child, Instant::now() + TERM_TIMEOUT)?.is_none() {
        ignore_exited(kill_process_group(group, Signal::KILL))?;
        child.wait().context("cannot wait for the child")?;
    }
    bail!("`{}` took longer than {} s", line(command), limit.as_secs())
}

/// A running child, terminated on drop.
pub(crate) struct Guard(pub(crate) Child);

impl Guard {
    /// The exit status of the child, if it has exited.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.0.try_wait().ok().flatten()
    }

    /// Terminates the child: SIGTERM first, SIGKILL after ten seconds.
    pub(crate) fn end(&mut self) -> Result<()> {
        if self
            .0
            .try_wait()
            .context("cannot get the status of the child")?
            .is_none()
        {
            ignore_exited(kill_process(Pid::from_child(&self.0), Signal::TERM))?;
            if wait_until(&mut self.0, Instant::now() + TERM_TIMEOUT)?.is_none() {
                self.0.kill().context("cannot kill the child")?;
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

/// Calls `check` until it returns a value, for at most `limit`.
pub(crate) fn poll<T>(
    limit: Duration,
    mut check: impl FnMut() -> Result<Option<T>>,
) -> Result<Option<T>> {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(found) = check()? {
            return Ok(Some(found));
        }
        if Instant::now() >= deadline {
            return Ok(None);
        }
        thread::sleep(POLL_INTERVAL);
    }
}

/// All programs called `name` on PATH, in the order of PATH.
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

/// Whether `file` exists and is executable.
pub(crate) fn is_program(file: &Path) -> bool {
    file.metadata()
        .is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

fn wait_until(child: &mut Child, deadline: Instant) -> Result<Option<ExitStatus>> {
    let left = deadline.saturating_duration_since(Instant::now());
    poll(left, || {
        child
            .try_wait()
            .context("cannot get the status of the child")
    })
}

/// Ignores the error that the process has exited already.
fn ignore_exited(sent: Result<(), Errno>) -> Result<()> {
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
        None => bail!("`{}` was killed ({status})", line(command)),
    }
}

fn start_error(command: &Command, error: &std::io::Error) -> Error {
    let program = name(command.get_program());
    match error.kind() {
        ErrorKind::NotFound => anyhow!("`{program}` is not installed or not on PATH"),
        _ => anyhow!("`{program}` cannot be started: {error}"),
    }
}

/// The command line, for messages.
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
    fn a_failure_names_the_command_and_the_exit_code() {
        let error = run(&mut sh("exit 3")).expect_err("it fails").to_string();
        assert_eq!(error, "`sh -c exit 3` failed with exit code 3");
    }

    #[test]
    fn a_missing_program_is_named() {
        let error = run(&mut Command::new("no-such-program-anywhere")).expect_err("missing");
        assert_eq!(
            error.to_string(),
            "`no-such-program-anywhere` is not installed or not on PATH"
        );
    }

    #[test]
    fn each_line_of_stdout_is_passed_on() {
        let mut lines = Vec::new();
        run_watched(&mut sh("echo one; echo two"), |line| {
            lines.push(line.to_owned());
        })
        .expect("runs");
        assert_eq!(lines, ["one", "two"]);
    }

    #[test]
    fn a_command_that_exceeds_its_limit_is_terminated_with_its_children() {
        let folder = tempfile::tempdir().expect("a folder");
        let grandchild = || std::fs::read_to_string(folder.path().join("grandchild"));
        // Retry with longer limits until the script has had time to start its child.
        let mut limits = [0, 5, 60].into_iter();
        while !grandchild().is_ok_and(|id| id.ends_with('\n')) {
            let limit = limits.next().expect("the script never started its child");
            let mut slow = sh("sleep 600 & echo $! > grandchild; wait");
            let limited = Duration::from_secs(limit) + Duration::from_millis(500);
            let error = run_within(slow.current_dir(folder.path()), limited);
            let error = error.expect_err("it must time out").to_string();
            let expected = format!("took longer than {limit} s");
            assert!(error.ends_with(&expected), "{error}");
        }
        let id = grandchild().expect("the script wrote the id");
        let mut alive = sh(&format!("kill -0 {} 2>/dev/null", id.trim()));
        let gone = poll(Duration::from_mins(1), || {
            Ok(run(&mut alive).is_err().then_some(()))
        });
        assert!(
            gone.expect("kill runs").is_some(),
            "the grandchild is still running"
        );
    }

    #[test]
    fn a_dropped_guard_terminates_its_child() {
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
