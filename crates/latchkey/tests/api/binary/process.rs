//! Starting, watching and ending a process.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::app::Caller;

/// How long a process may take for what takes it a fraction of that.
const PATIENCE: Duration = Duration::from_secs(30);

/// A server that listens; killed when dropped.
pub(crate) struct Running {
    child: Child,
    log: Arc<Mutex<String>>,
    /// Says nothing; its other end is gone when the log is complete.
    log_ends: Receiver<String>,
    pub(crate) caller: Caller,
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
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("started");
        let log = Arc::new(Mutex::new(String::new()));
        let (found, log_ends) = channel();
        let lines = BufReader::new(child.stderr.take().expect("a pipe")).lines();
        let written = Arc::clone(&log);
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                if let Some((_, rest)) = line.split_once("listening on http") {
                    let url = rest.split(['"', ' ']).next().unwrap_or_default();
                    drop(found.send(format!("http{url}")));
                }
                let mut log = written.lock().expect("nobody panicked");
                log.push_str(&line);
                log.push('\n');
            }
        });
        match log_ends.recv_timeout(PATIENCE) {
            Ok(url) => Self {
                caller: Caller::new(url),
                child,
                log,
                log_ends,
            },
            Err(error) => {
                drop(child.kill());
                panic!("{error}: {}", log.lock().expect("nobody panicked"));
            }
        }
    }

    /// Where it listens, as `--listen` wants it.
    pub(crate) fn address(&self) -> &str {
        self.caller.url.trim_start_matches("http://")
    }

    /// Ends it without a warning (SIGKILL).
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("it ended");
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args([name, &id]).status();
        assert!(sent.expect("sent").success());
    }

    /// What it has logged so far.
    pub(crate) fn log(&self) -> String {
        self.log.lock().expect("nobody panicked").clone()
    }

    /// Asks it to end (SIGTERM), and gives its whole log.
    pub(crate) fn stop(mut self) -> String {
        self.signal("-TERM");
        let (status, log) = self.ended();
        assert!(status.success(), "{log}");
        log
    }

    /// Waits for its end, which something else brings about.
    pub(crate) fn ended(&mut self) -> (ExitStatus, String) {
        match self.log_ends.recv_timeout(PATIENCE) {
            Err(RecvTimeoutError::Disconnected) => {}
            other => panic!("it goes on: {other:?}"),
        }
        let status = self.child.wait().expect("it ended");
        (status, self.log.lock().expect("nobody panicked").clone())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
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
        .recv_timeout(PATIENCE)
        .unwrap_or_else(|_| "it goes on, listening on http nowhere".to_owned());
    if said.contains("listening on http") {
        drop(child.kill());
    }
    let output = child.wait_with_output().expect("it ended");
    let answer = String::from_utf8(output.stdout).expect("text");
    (output.status, answer, said)
}
