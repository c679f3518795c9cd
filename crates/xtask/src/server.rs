//! The `latchkey` server as a child of this tool.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::process::{self, Guard};
use crate::progress;
use crate::workspace::Workspace;

/// A server that is not listening by then never will be.
const START_LIMIT: Duration = Duration::from_secs(30);

/// Builds the server for development; the program's path.
pub(crate) fn build_debug(workspace: &Workspace) -> Result<PathBuf> {
    let program = workspace.target_dir().join("debug/latchkey");
    let wait = if program.exists() {
        ""
    } else {
        " (3 to 5 minutes the first time)"
    };
    progress::step(&format!("Building the server{wait}"), || {
        // Of all default members, as `cargo test` builds them: the same features, nothing twice.
        process::run(workspace.cargo().args(["build", "--bin", "latchkey"]))
    })?;
    Ok(program)
}

/// A server that listens.
pub(crate) struct Server {
    guard: Guard,
    /// Where it listens.
    pub(crate) address: SocketAddr,
}

impl Server {
    /// Starts `command`, which has to say `listening on http://ADDRESS` on stderr, and waits for
    /// that. All it says goes to `log`.
    pub(crate) fn start(command: &mut Command, log: &Path) -> Result<Self> {
        let file = File::create(log).with_context(|| format!("cannot make {}", log.display()))?;
        let errors = file.try_clone().context("cannot share the log")?;
        let program = command.get_program().to_string_lossy().into_owned();
        let child = command
            .stdin(Stdio::null())
            .stdout(file)
            .stderr(errors)
            .spawn()
            .with_context(|| format!("cannot start {program}"))?;
        let mut guard = Guard(child);
        let found = process::poll(START_LIMIT, || {
            let said = fs::read_to_string(log).context("cannot read the server's log")?;
            if let Some(address) = listening(&said) {
                return Ok(Some(address));
            }
            match guard.ended() {
                Some(status) => bail!("{program} ended at once ({status}): {}", said.trim()),
                None => Ok(None),
            }
        })?;
        let Some(address) = found else {
            let said = fs::read_to_string(log).unwrap_or_default();
            bail!(
                "{program} did not listen within {} s: {said}",
                START_LIMIT.as_secs()
            );
        };
        Ok(Self { guard, address })
    }

    /// Ends it in good order.
    pub(crate) fn stop(mut self) -> Result<()> {
        self.guard.end()
    }
}

/// The address in a finished line `… listening on http://127.0.0.1:7000`.
fn listening(log: &str) -> Option<SocketAddr> {
    let finished = &log[..=log.rfind('\n')?];
    let (_, rest) = finished.split_once("listening on http://")?;
    let is_address = |letter: char| letter.is_ascii_hexdigit() || "[].:".contains(letter);
    let end = rest
        .find(|letter| !is_address(letter))
        .unwrap_or(rest.len());
    rest[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use std::net::TcpStream;

    use super::*;

    fn start(script: &str) -> (Result<Server>, tempfile::TempDir) {
        let folder = tempfile::tempdir().expect("a folder");
        let log = folder.path().join("log");
        let mut command = Command::new("sh");
        (Server::start(command.args(["-c", script]), &log), folder)
    }

    #[test]
    fn the_address_is_read_from_a_finished_line_only() {
        let line = "2026 INFO listening on http://127.0.0.1:4711 pages=dist\n";
        assert_eq!(
            listening(line),
            Some(SocketAddr::from(([127, 0, 0, 1], 4711)))
        );
        assert_eq!(listening("listening on http://127.0.0.1:47"), None);
        assert_eq!(listening("starting\n"), None);
    }

    #[test]
    fn colours_after_the_address_do_no_harm() {
        let line = "listening on http://127.0.0.1:4711\u{1b}[0m\n";
        assert_eq!(
            listening(line),
            Some(SocketAddr::from(([127, 0, 0, 1], 4711)))
        );
    }

    #[test]
    fn a_server_that_ends_at_once_says_why() {
        let (started, _folder) = start("echo the port is taken >&2; exit 1");
        let error = started.err().expect("it ended").to_string();
        assert!(
            error.contains("exit status: 1") && error.contains("the port is taken"),
            "{error}"
        );
    }

    #[test]
    fn a_server_is_found_and_stopped() {
        let (started, _folder) = start("echo listening on http://127.0.0.1:9 >&2; exec sleep 600");
        let server = started.expect("it listens");
        assert_eq!(server.address.port(), 9);
        assert!(TcpStream::connect(server.address).is_err(), "only said so");
        server.stop().expect("it ends");
    }
}
