//! Starting, watching and ending `latchkey`.

use std::io::{BufRead as _, BufReader};
use std::ops::{Deref, DerefMut};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::channel;
use std::time::Duration;

use latchkey_testing::ServerProcess;

use latchkey_testing::ApiClient;

/// How long a process may take for what takes it a fraction of that.
const TIMEOUT: Duration = Duration::from_secs(30);

/// A server that listens, and a client of it; killed when dropped.
pub(crate) struct Running {
    process: ServerProcess,
    pub(crate) caller: ApiClient,
}

/// The arguments of `latchkey serve` over this directory.
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

/// For tests that ask for more than any client may.
pub(crate) const NO_LIMITS: [(&str, &str); 2] = [
    ("LATCHKEY_LIMITS__PER_ADDRESS", "off"),
    ("LATCHKEY_LIMITS__PER_SESSION", "off"),
];

/// `latchkey`, which sees nothing of this process's environment, in this folder.
pub(crate) fn latchkey(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_latchkey"));
    command
        .env_clear()
        .envs(NO_LIMITS)
        .current_dir(folder)
        .args(arguments);
    command
}

impl Running {
    /// With the demo provider, over this directory, on a free port.
    pub(crate) fn start(data_dir: &Path) -> Self {
        Self::over(data_dir, "127.0.0.1:0")
    }

    /// The same at a given address: the issuer of tokens that are to be known again.
    pub(crate) fn over(data_dir: &Path, listen: &str) -> Self {
        let folder = data_dir.parent().expect("a parent");
        Self::spawn(&mut latchkey(folder, &arguments(data_dir, listen)))
    }

    /// Starts it and waits until its port is open.
    pub(crate) fn spawn(command: &mut Command) -> Self {
        let process = ServerProcess::start(command).expect("it listens");
        let caller = ApiClient::new(process.url().to_owned());
        Self { process, caller }
    }

    /// Asks it to end (SIGTERM), and gives its whole log.
    pub(crate) fn stop(self) -> String {
        self.process.stop().expect("it ends well")
    }
}

impl Deref for Running {
    type Target = ServerProcess;

    fn deref(&self) -> &ServerProcess {
        &self.process
    }
}

impl DerefMut for Running {
    fn deref_mut(&mut self) -> &mut ServerProcess {
        &mut self.process
    }
}

/// Runs `latchkey`, which must refuse: what it says on standard error.
#[track_caller]
pub(crate) fn refused(command: &mut Command) -> String {
    let (status, _, said) = finished(command);
    assert!(!said.contains("listening on http"), "it was taken: {said}");
    assert!(!status.success(), "it was taken");
    assert!(!said.contains("panicked"), "{said}");
    said
}

/// Runs a command to its end: status, standard output, standard error.
pub(crate) fn finished(command: &mut Command) -> (ExitStatus, String, String) {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("started");
    let lines = BufReader::new(child.stderr.take().expect("a pipe")).lines();
    let (done, waiting) = channel();
    std::thread::spawn(move || {
        let mut said = String::new();
        for line in lines.map_while(Result::ok) {
            said.push_str(&line);
            said.push('\n');
            if line.contains("listening on http") {
                break;
            }
        }
        drop(done.send(said));
    });
    let said = waiting
        .recv_timeout(TIMEOUT)
        .unwrap_or_else(|_| "it goes on, listening on http nowhere".to_owned());
    if said.contains("listening on http") {
        drop(child.kill());
    }
    let output = child.wait_with_output().expect("it ended");
    let answer = String::from_utf8(output.stdout).expect("text");
    (output.status, answer, said)
}
