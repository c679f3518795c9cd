//! A private Redis server with durable writes.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result};
use tempfile::TempDir;

use super::{Database, poll, program, wait_until};
use crate::process::{Process, free_port};

/// A private Redis server on a free port, which is killed when this value is dropped.
///
/// ```no_run
/// use latchkey_testing::{Database as _, Redis};
///
/// let server = Redis::start()?;
/// assert_eq!(server.command("PING")?, "+PONG\r\n");
/// println!("store.url = {:?}", server.url());
/// # Ok::<(), anyhow::Error>(())
/// ```
#[derive(Debug)]
pub struct Redis {
    folder: TempDir,
    port: u16,
    settings: Vec<String>,
    process: Process,
}

impl Redis {
    /// Starts a server with the settings that Latchkey requires.
    pub fn start() -> Result<Self> {
        Self::with(&[])
    }

    /// Starts a server with additional settings, such as `--appendfsync`, `everysec`.
    pub fn with(settings: &[&str]) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let port = free_port()?;
        let settings: Vec<_> = settings.iter().map(ToString::to_string).collect();
        let process = run(&folder, port, &settings)?;
        let mut redis = Self {
            folder,
            port,
            settings,
            process,
        };
        redis.wait()?;
        Ok(redis)
    }

    /// Sends a command and returns the beginning of the reply.
    pub fn command(&self, line: &str) -> Result<String> {
        send(self.port, line)
    }

    fn wait(&mut self) -> Result<()> {
        let port = self.port;
        let log = self.folder.path().join("log");
        // A server with a password replies with `NOAUTH` once it is ready.
        let is_ready = |reply: &String| reply.starts_with("+PONG") || reply.starts_with("-NOAUTH");
        let ready = || send(port, "PING").is_ok_and(|reply| is_ready(&reply));
        wait_until(&mut self.process, &log, ready).context("Redis")
    }
}

impl Database for Redis {
    fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/0", self.port)
    }

    fn port(&self) -> u16 {
        self.port
    }

    fn restart(&mut self) -> Result<()> {
        self.process = run(&self.folder, self.port, &self.settings)?;
        self.wait()
    }

    fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    fn standby(&self) -> Result<Box<dyn Database + Send>> {
        let port = self.port.to_string();
        let standby = Self::with(&["--replicaof", "127.0.0.1", &port])?;
        let is_connected = || {
            let info = standby.command("INFO replication")?;
            Ok(info.contains("master_link_status:up"))
        };
        poll(is_connected).context("waiting for the replica")?;
        Ok(Box::new(standby))
    }

    fn fail_over(&mut self, standby: &mut dyn Database) -> Result<()> {
        let port = standby.port();
        poll(|| Ok(offset(self.port)? == offset(port)?))
            .context("waiting for the replica to catch up")?;
        self.process.kill()?;
        standby.promote()
    }

    fn promote(&mut self) -> Result<()> {
        self.command("REPLICAOF NO ONE").map(drop)
    }
}

/// The replication offset: how many bytes a primary wrote, or a replica received.
fn offset(port: u16) -> Result<u64> {
    let info = send(port, "INFO replication")?;
    let line = info
        .lines()
        .find_map(|line| line.strip_prefix("master_repl_offset:"));
    let offset = line.context("no replication offset in the reply")?;
    Ok(offset.trim().parse()?)
}

fn run(folder: &TempDir, port: u16, settings: &[String]) -> Result<Process> {
    let mut command = Command::new(program("redis-server", &[], "redis-server")?);
    command
        .current_dir(folder.path())
        .args(["--bind", "127.0.0.1", "--port", &port.to_string()])
        .args([
            "--save",
            "",
            "--appendonly",
            "yes",
            "--appendfsync",
            "always",
        ])
        .args(["--maxmemory-policy", "noeviction"])
        .args(["--repl-diskless-sync-delay", "0"])
        .args(settings)
        .stdin(Stdio::null())
        .stdout(File::create(folder.path().join("log"))?)
        .stderr(Stdio::null());
    Ok(Process(
        command.spawn().context("cannot start redis-server")?,
    ))
}

fn send(port: u16, line: &str) -> Result<String> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    stream.write_all(format!("{line}\r\n").as_bytes())?;
    let mut reply = [0; 4096];
    let length = stream.read(&mut reply)?;
    Ok(String::from_utf8_lossy(&reply[..length]).into_owned())
}
