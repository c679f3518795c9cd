//! Starts, watches and stops `latchkey`.

use std::io::{BufRead as _, BufReader};
use std::ops::{Deref, DerefMut};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::channel;
use std::time::Duration;

use latchkey_testing::ServerProcess;

use latchkey_testing::ApiClient;

/// How long to wait for a command to exit or to listen.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(30);

/// A running server and a client for it; killed when dropped.
pub(crate) struct RunningServer {
    process: ServerProcess,
    pub(crate) caller: ApiClient,
}

/// The arguments of `latchkey serve` for this data directory.
pub(crate) fn arguments<'a>(data_dir: &'a Path, listen: &'a str) -> Vec<&'a str> {
    let data_dir = data_dir.to_str().expect("a path in UTF-8");
    vec![
        "serve",
        "--demo",
        "--data-dir",
        data_dir,
        "--listen",
        listen,
    ]
}

/// Disables rate limits, because tests send many requests.
pub(crate) const NO_LIMITS: [(&str, &str); 2] = [
    ("LATCHKEY_LIMITS__PER_ADDRESS", "off"),
    ("LATCHKEY_LIMITS__PER_SESSION", "off"),
];

/// The command `latchkey` in this folder, without this process's environment.
pub(crate) fn latchkey(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_latchkey"));
    command
        .env_clear()
        .envs(NO_LIMITS)
        .current_dir(folder)
        .args(arguments);
    command
}

impl RunningServer {
    /// Starts a server with the demo provider and this data directory on a free port.
    pub(crate) fn start(data_dir: &Path) -> Self {
        Self::start_at(data_dir, "127.0.0.1:0")
    }

    /// Starts a server at a given address. The address is the issuer, so tokens from an earlier
    /// start stay valid.
    pub(crate) fn start_at(data_dir: &Path, listen: &str) -> Self {
        let folder = data_dir.parent().expect("a parent");
        Self::spawn(&mut latchkey(folder, &arguments(data_dir, listen)))
    }

    /// Starts the command and waits until its port is open.
    pub(crate) fn spawn(command: &mut Command) -> Self {
        let process = ServerProcess::start(command).expect("the server starts");
        let caller = ApiClient::new(process.url().to_owned());
        Self { process, caller }
    }

    /// Stops the server with SIGTERM and returns its log.
    pub(crate) fn stop(self) -> String {
        self.process.stop().expect("the server stops")
    }
}

impl Deref for RunningServer {
    type Target = ServerProcess;

    fn deref(&self) -> &ServerProcess {
        &self.process
    }
}

impl DerefMut for RunningServer {
    fn deref_mut(&mut self) -> &mut ServerProcess {
        &mut self.process
    }
}

/// Runs `latchkey`, asserts that it fails, and returns its standard error.
#[track_caller]
pub(crate) fn run_refused(command: &mut Command) -> String {
    let (status, _, stderr) = run(command);
    assert!(
        !stderr.contains("listening on http"),
        "the server started: {stderr}"
    );
    assert!(!status.success(), "the command succeeded");
    assert!(!stderr.contains("panicked"), "{stderr}");
    stderr
}

/// Runs a command and returns its status, standard output and standard error. A server that starts
/// to listen is killed.
pub(crate) fn run(command: &mut Command) -> (ExitStatus, String, String) {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("started");
    let lines = BufReader::new(child.stderr.take().expect("a pipe")).lines();
    let (done, waiting) = channel();
    std::thread::spawn(move || {
        let mut stderr = String::new();
        for line in lines.map_while(Result::ok) {
            stderr.push_str(&line);
            stderr.push('\n');
            if line.contains("listening on http") {
                break;
            }
        }
        drop(done.send(stderr));
    });
    let stderr = waiting.recv_timeout(COMMAND_TIMEOUT).unwrap_or_else(|_| {
        drop(child.kill());
        panic!("timed out waiting for the command to exit or to listen");
    });
    if stderr.contains("listening on http") {
        drop(child.kill());
    }
    let output = child.wait_with_output().expect("the process ended");
    let stdout = String::from_utf8(output.stdout).expect("text");
    (output.status, stdout, stderr)
}
