//! A private Redis that keeps what it acknowledges.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result};
use tempfile::TempDir;

use super::{Database, poll, program, wait_until};
use crate::process::{Process, free_port};

/// The server.
#[derive(Debug)]
pub struct Redis {
    folder: TempDir,
    port: u16,
    settings: Vec<String>,
    process: Process,
}

impl Redis {
    /// With the settings that Latchkey asks for.
    pub fn start() -> Result<Self> {
        Self::with(&[])
    }

    /// With these settings as well: `--appendfsync`, `everysec`.
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

    /// Says something to it in one line, and gives the first bytes of the answer.
    pub fn say(&self, line: &str) -> Result<String> {
        say(self.port, line)
    }

    fn wait(&mut self) -> Result<()> {
        let port = self.port;
        let log = self.folder.path().join("log");
        // One that wants a password says so when it is ready.
        let is_ready =
            |answer: &String| answer.starts_with("+PONG") || answer.starts_with("-NOAUTH");
        let ready = || say(port, "PING").is_ok_and(|answer| is_ready(&answer));
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

    fn start_again(&mut self) -> Result<()> {
        self.process = run(&self.folder, self.port, &self.settings)?;
        self.wait()
    }

    fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    fn standby(&self) -> Result<Box<dyn Database + Send>> {
        let port = self.port.to_string();
        let standby = Self::with(&["--replicaof", "127.0.0.1", &port])?;
        let says = |line| Ok(standby.say("INFO replication")?.contains(line));
        poll(|| says("master_link_status:up")).context("a replica")?;
        Ok(Box::new(standby))
    }

    fn fail_over(&mut self, standby: &mut dyn Database) -> Result<()> {
        let port = standby.port();
        poll(|| Ok(offset(self.port)? == offset(port)?)).context("a replica with everything")?;
        self.process.kill()?;
        standby.promote()
    }

    fn promote(&mut self) -> Result<()> {
        self.say("REPLICAOF NO ONE").map(drop)
    }
}

/// How much it has written, or repeated of what its primary wrote.
fn offset(port: u16) -> Result<u64> {
    let info = say(port, "INFO replication")?;
    let line = info
        .lines()
        .find_map(|it| it.strip_prefix("master_repl_offset:"));
    let offset = line.context("it does not tell its offset")?;
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
    Ok(Process(command.spawn().context("redis-server")?))
}

fn say(port: u16, line: &str) -> Result<String> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    stream.write_all(format!("{line}\r\n").as_bytes())?;
    let mut answer = [0; 4096];
    let length = stream.read(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer[..length]).into_owned())
}
