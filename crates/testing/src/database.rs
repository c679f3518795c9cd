//! Private database servers on free ports, in temporary directories.

mod postgres;
mod redis;

use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};
use std::{env, fs};

use anyhow::{Context as _, Result, bail};

pub use self::postgres::Postgres;
pub use self::redis::Redis;
use crate::process::Process;

/// How long to wait for a server to start, or for a standby to catch up.
const READY_TIMEOUT: Duration = Duration::from_mins(1);

/// A database server that the test can stop, kill and replace.
pub trait Database {
    /// The URL, for `store.url`.
    fn url(&self) -> String;

    /// The port on the loopback address.
    fn port(&self) -> u16;

    /// Starts the server again with the same files and waits until it is ready.
    fn restart(&mut self) -> Result<()>;

    /// The process.
    fn process(&mut self) -> &mut Process;

    /// Starts a standby that replicates this server. PostgreSQL replicates synchronously, Redis
    /// asynchronously.
    fn standby(&self) -> Result<Box<dyn Database + Send>>;

    /// Kills this server and promotes its standby. With asynchronous replication, first waits until
    /// the standby has caught up.
    fn fail_over(&mut self, standby: &mut dyn Database) -> Result<()>;

    /// Promotes this standby to a primary.
    fn promote(&mut self) -> Result<()>;
}

/// Finds a program in one of these directories or in `PATH`.
fn program(name: &str, directories: &[PathBuf], package: &str) -> Result<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let found = directories
        .iter()
        .cloned()
        .chain(env::split_paths(&path))
        .map(|directory| directory.join(name))
        .find(|file| file.is_file());
    found.with_context(|| format!("`{name}` was not found; install it (Debian package: {package})"))
}

/// Polls until the server is ready. The error contains its log.
fn wait_until(server: &mut Process, log: &Path, ready: impl Fn() -> bool) -> Result<()> {
    let deadline = Instant::now() + READY_TIMEOUT;
    while !ready() {
        let log = || fs::read_to_string(log).unwrap_or_default();
        if let Some(status) = server.0.try_wait()? {
            bail!("the server stopped ({status}): {}", log());
        }
        if Instant::now() > deadline {
            bail!("not ready after {} s: {}", READY_TIMEOUT.as_secs(), log());
        }
        sleep(Duration::from_millis(10));
    }
    Ok(())
}

/// Polls until the condition is true.
fn poll(ready: impl Fn() -> Result<bool>) -> Result<()> {
    let deadline = Instant::now() + READY_TIMEOUT;
    while !ready()? {
        if Instant::now() > deadline {
            bail!("timed out after {} s", READY_TIMEOUT.as_secs());
        }
        sleep(Duration::from_millis(10));
    }
    Ok(())
}
