//! A server as a child process: `latchkey`, or another program that logs its address the same way.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{ChildStderr, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};

use crate::process::{Process, Signal};

/// How long to wait until the server listens, and until it exits.
const PROCESS_TIMEOUT: Duration = Duration::from_mins(1);

/// The text before the URL on standard error.
const LISTENING: &str = "listening on http";

/// A server that is listening. It is killed when this value is dropped.
///
/// ```
/// use latchkey_testing::ServerProcess;
/// use std::process::Command;
///
/// let mut command = Command::new("sh");
/// command.args(["-c", "echo listening on http://127.0.0.1:9 >&2; exec sleep 600"]);
/// let server = ServerProcess::start(&mut command)?;
/// assert_eq!(server.url(), "http://127.0.0.1:9");
/// # Ok::<(), anyhow::Error>(())
/// ```
#[derive(Debug)]
pub struct ServerProcess {
    process: Process,
    url: String,
    startup: Duration,
    log: Log,
    /// Disconnected when the log is complete.
    log_end: Receiver<String>,
}

/// The output on standard error so far.
type Log = Arc<Mutex<String>>;

impl ServerProcess {
    /// Starts `command` and waits until it writes `listening on http://ADDRESS` to standard error.
    ///
    /// Fails if it exits before that, or does not listen within a minute. The error contains the
    /// output.
    pub fn start(command: &mut Command) -> Result<Self> {
        let start = Instant::now();
        let program = command.get_program().to_string_lossy().into_owned();
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {program}"))?;
        let stderr = child.stderr.take().context("a pipe")?;
        let mut process = Process(child);
        let log = Log::default();
        let (sender, log_end) = channel();
        let copy = Arc::clone(&log);
        thread::spawn(move || read(stderr, &copy, sender));
        match log_end.recv_timeout(PROCESS_TIMEOUT) {
            Ok(url) => Ok(Self {
                process,
                url,
                startup: start.elapsed(),
                log,
                log_end,
            }),
            Err(RecvTimeoutError::Disconnected) => {
                let status = process.wait()?;
                bail!("{program} exited with {status}: {}", text(&log).trim())
            }
            Err(RecvTimeoutError::Timeout) => bail!(
                "{program} is not listening after {} s: {}",
                PROCESS_TIMEOUT.as_secs(),
                text(&log)
            ),
        }
    }

    /// The URL, without a trailing slash.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The address in [`url`](Self::url): host and port.
    pub fn address(&self) -> &str {
        self.url.split("://").last().unwrap_or_default()
    }

    /// The socket address in [`url`](Self::url).
    ///
    /// Fails if the URL contains a host name instead of an IP address.
    pub fn socket(&self) -> Result<SocketAddr> {
        let address = self.address();
        address
            .parse()
            .with_context(|| format!("`{address}` is not an IP address and a port"))
    }

    /// The time from starting the process until it listened.
    pub fn startup(&self) -> Duration {
        self.startup
    }

    /// The output on standard error so far.
    pub fn log(&self) -> String {
        text(&self.log)
    }

    /// The process, for example to measure or pause it.
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// Kills the server (SIGKILL).
    pub fn kill(&mut self) -> Result<()> {
        self.process.kill()
    }

    /// Sends a signal to the server.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        self.process.signal(signal)
    }

    /// Stops the server (SIGTERM), waits until it exits and returns its complete log.
    ///
    /// Fails if it exits with an error, or not within a minute.
    pub fn stop(mut self) -> Result<String> {
        self.signal(Signal::TERM)?;
        let (status, log) = self.wait()?;
        ensure!(status.success(), "exited with {status}: {log}");
        Ok(log)
    }

    /// Waits until the server exits and returns its status and complete log.
    ///
    /// Fails if it does not exit within a minute.
    pub fn wait(&mut self) -> Result<(ExitStatus, String)> {
        match self.log_end.recv_timeout(PROCESS_TIMEOUT) {
            Err(RecvTimeoutError::Disconnected) => {}
            _ => bail!("the server is still running: {}", text(&self.log)),
        }
        Ok((self.process.wait()?, text(&self.log)))
    }
}

/// Copies standard error to the log, and sends the first URL. Dropping the sender signals that the log
/// is complete.
fn read(stderr: ChildStderr, log: &Log, sender: Sender<String>) {
    let mut reader = BufReader::new(stderr);
    let mut line = Vec::new();
    let mut is_listening = false;
    while reader
        .read_until(b'\n', &mut line)
        .is_ok_and(|read| read > 0)
    {
        let text = String::from_utf8_lossy(&line).into_owned();
        let url = listening_url(&text).filter(|_| !is_listening);
        log.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push_str(&text);
        if let Some(url) = url {
            is_listening = true;
            drop(sender.send(url));
        }
        line.clear();
    }
    drop(sender);
}

/// The URL in a complete line `… listening on http://127.0.0.1:7000 …`.
fn listening_url(line: &str) -> Option<String> {
    let (_, rest) = line.strip_suffix('\n')?.split_once(LISTENING)?;
    // A quotation mark, a space or a color code may follow.
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || "[].:/-".contains(letter);
    let end = rest.find(|letter| !is_part(letter)).unwrap_or(rest.len());
    Some(format!("http{}", &rest[..end]))
}

fn text(log: &Log) -> String {
    log.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

#[cfg(test)]
mod tests {
    use std::net::TcpStream;

    use super::*;

    fn start(script: &str) -> Result<ServerProcess> {
        ServerProcess::start(Command::new("sh").args(["-c", script]))
    }

    #[test]
    fn url_is_only_read_from_a_complete_line() {
        let line = "2026 INFO listening on http://127.0.0.1:4711 pages=dist\n";
        assert_eq!(
            listening_url(line).as_deref(),
            Some("http://127.0.0.1:4711")
        );
        let json = "{\"message\":\"listening on https://[::1]:4711\"}\n";
        assert_eq!(listening_url(json).as_deref(), Some("https://[::1]:4711"));
        assert_eq!(listening_url("listening on http://127.0.0.1:47"), None);
        assert_eq!(listening_url("starting\n"), None);
    }

    #[test]
    fn color_codes_after_the_url_are_ignored() {
        let line = "listening on http://127.0.0.1:4711\u{1b}[0m\n";
        assert_eq!(
            listening_url(line).as_deref(),
            Some("http://127.0.0.1:4711")
        );
    }

    #[test]
    fn start_fails_with_the_output_if_the_server_exits() {
        let error = start("echo the port is taken >&2; exit 1").expect_err("exited");
        let error = error.to_string();
        assert!(
            error.contains("exit status: 1") && error.contains("the port is taken"),
            "{error}"
        );
    }

    #[test]
    fn server_is_started_and_stopped() {
        let script = "trap 'kill $!; echo bye >&2; exit 0' TERM
            echo listening on http://127.0.0.1:9 >&2; sleep 600 2>/dev/null & wait";
        let server = start(script).expect("listening");
        let address = server.socket().expect("an address");
        assert_eq!(address.port(), 9);
        assert!(
            TcpStream::connect(address).is_err(),
            "nothing listens on this port"
        );
        let log = server.stop().expect("a clean exit");
        assert!(log.ends_with("bye\n"), "{log}");
    }

    #[test]
    fn wait_returns_status_and_log_of_a_server_that_exits() {
        let mut server =
            start("echo listening on http://127.0.0.1:9 >&2; echo no more >&2; exit 3")
                .expect("listening");
        let (status, log) = server.wait().expect("exited");
        assert_eq!(status.code(), Some(3));
        assert!(log.ends_with("no more\n"), "{log}");
    }
}
