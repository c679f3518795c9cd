//! The `latchkey` server, or another one that reports its address the same way, as a process.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{ChildStderr, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};

use crate::process::{Process, Signal};

/// A server that does not listen by then never will; one that does not end by then hangs.
const TIMEOUT: Duration = Duration::from_mins(1);

/// What a server writes on standard error before its URL.
const LISTENING: &str = "listening on http";

/// A server that listens; killed when dropped.
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
    log_ends: Receiver<String>,
}

/// What a process has written on standard error so far.
type Log = Arc<Mutex<String>>;

impl ServerProcess {
    /// Starts `command` and waits until it writes `listening on http://ADDRESS` on standard error.
    ///
    /// Fails with what it wrote if it ends before that, or does not listen within a minute.
    pub fn start(command: &mut Command) -> Result<Self> {
        let begun = Instant::now();
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
        let (found, log_ends) = channel();
        let copy = Arc::clone(&log);
        thread::spawn(move || read(stderr, &copy, found));
        match log_ends.recv_timeout(TIMEOUT) {
            Ok(url) => Ok(Self {
                process,
                url,
                startup: begun.elapsed(),
                log,
                log_ends,
            }),
            Err(RecvTimeoutError::Disconnected) => {
                let status = process.wait()?;
                bail!("{program} ended ({status}): {}", text(&log).trim())
            }
            Err(RecvTimeoutError::Timeout) => bail!(
                "{program} does not listen after {} s: {}",
                TIMEOUT.as_secs(),
                text(&log)
            ),
        }
    }

    /// Where it listens, with the scheme and without a final slash.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The address in [`url`](Self::url): host and port.
    pub fn address(&self) -> &str {
        self.url.split("://").last().unwrap_or_default()
    }

    /// The same, to connect to.
    ///
    /// Fails if the server reports a name in place of an address.
    pub fn socket(&self) -> Result<SocketAddr> {
        let address = self.address();
        address
            .parse()
            .with_context(|| format!("`{address}` is not an IP address and a port"))
    }

    /// The time from the start of the process until it listened.
    pub fn startup(&self) -> Duration {
        self.startup
    }

    /// What it has written on standard error so far.
    pub fn log(&self) -> String {
        text(&self.log)
    }

    /// The process, to be measured or paused.
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// Kills it (SIGKILL).
    pub fn kill(&mut self) -> Result<()> {
        self.process.kill()
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        self.process.signal(signal)
    }

    /// Asks it to end (SIGTERM), waits for that and returns its whole log.
    ///
    /// Fails if it ends with an error, or not within a minute.
    pub fn stop(mut self) -> Result<String> {
        self.signal(Signal::TERM)?;
        let (status, log) = self.wait()?;
        ensure!(status.success(), "it ended ({status}): {log}");
        Ok(log)
    }

    /// Waits until it ends, and returns how, and its whole log.
    ///
    /// Fails if it does not end within a minute.
    pub fn wait(&mut self) -> Result<(ExitStatus, String)> {
        match self.log_ends.recv_timeout(TIMEOUT) {
            Err(RecvTimeoutError::Disconnected) => {}
            _ => bail!("it still runs: {}", text(&self.log)),
        }
        Ok((self.process.wait()?, text(&self.log)))
    }
}

/// Copies what comes to the log until there is no more, and reports the URL of the first line that
/// names one. Dropping `found` says that the log is complete.
fn read(stderr: ChildStderr, log: &Log, found: Sender<String>) {
    let mut reader = BufReader::new(stderr);
    let mut line = Vec::new();
    let mut listens = false;
    while reader
        .read_until(b'\n', &mut line)
        .is_ok_and(|read| read > 0)
    {
        let said = String::from_utf8_lossy(&line).into_owned();
        let url = listening(&said).filter(|_| !listens);
        log.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push_str(&said);
        if let Some(url) = url {
            listens = true;
            drop(found.send(url));
        }
        line.clear();
    }
    drop(found);
}

/// The URL in a finished line `… listening on http://127.0.0.1:7000 …`.
fn listening(line: &str) -> Option<String> {
    let (_, rest) = line.strip_suffix('\n')?.split_once(LISTENING)?;
    // A quotation mark, a blank or the code that ends a colour may follow.
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
    fn the_url_is_read_from_a_finished_line_only() {
        let line = "2026 INFO listening on http://127.0.0.1:4711 pages=dist\n";
        assert_eq!(listening(line).as_deref(), Some("http://127.0.0.1:4711"));
        let json = "{\"message\":\"listening on https://[::1]:4711\"}\n";
        assert_eq!(listening(json).as_deref(), Some("https://[::1]:4711"));
        assert_eq!(listening("listening on http://127.0.0.1:47"), None);
        assert_eq!(listening("starting\n"), None);
    }

    #[test]
    fn colours_after_the_url_do_no_harm() {
        let line = "listening on http://127.0.0.1:4711\u{1b}[0m\n";
        assert_eq!(listening(line).as_deref(), Some("http://127.0.0.1:4711"));
    }

    #[test]
    fn a_server_that_ends_at_once_says_why() {
        let error = start("echo the port is taken >&2; exit 1").expect_err("it ended");
        let error = error.to_string();
        assert!(
            error.contains("exit status: 1") && error.contains("the port is taken"),
            "{error}"
        );
    }

    #[test]
    fn a_server_is_found_and_stopped() {
        let script = "trap 'kill $!; echo bye >&2; exit 0' TERM
            echo listening on http://127.0.0.1:9 >&2; sleep 600 2>/dev/null & wait";
        let server = start(script).expect("it listens");
        let address = server.socket().expect("an address");
        assert_eq!(address.port(), 9);
        assert!(TcpStream::connect(address).is_err(), "only said so");
        let log = server.stop().expect("it ends well");
        assert!(log.ends_with("bye\n"), "{log}");
    }

    #[test]
    fn a_server_that_ends_by_itself_is_waited_for() {
        let mut server =
            start("echo listening on http://127.0.0.1:9 >&2; echo no more >&2; exit 3")
                .expect("it listens");
        let (status, log) = server.wait().expect("it ends");
        assert_eq!(status.code(), Some(3));
        assert!(log.ends_with("no more\n"), "{log}");
    }
}
