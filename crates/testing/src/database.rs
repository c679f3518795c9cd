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

/// How long a server may take to start, or to follow its primary.
const TIMEOUT: Duration = Duration::from_mins(1);

/// A database server that a test can stop, kill and replace.
pub trait Database {
    /// Where it is, for `store.url`.
    fn url(&self) -> String;

    /// Its port on the loopback address.
    fn port(&self) -> u16;

    /// Starts it again over the same files, and waits until it answers.
    fn start_again(&mut self) -> Result<()>;

    /// Its processes.
    fn process(&mut self) -> &mut Process;

    /// Starts another one that repeats everything that happens in this one; from now on before this
    /// one acknowledges it, if the kind can do that.
    fn standby(&self) -> Result<Box<dyn Database + Send>>;

    /// Kills this one and lets its standby take over; where acknowledgements do not wait for the
    /// standby, once the standby has everything.
    fn fail_over(&mut self, standby: &mut dyn Database) -> Result<()>;

    /// Ends being a standby.
    fn promote(&mut self) -> Result<()>;
}

/// A program on PATH or in one of these folders.
fn program(name: &str, folders: &[PathBuf], package: &str) -> Result<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let found = folders
        .iter()
        .cloned()
        .chain(env::split_paths(&path))
        .map(|folder| folder.join(name))
        .find(|file| file.is_file());
    found.with_context(|| {
        format!("`{name}` is missing, so nothing was tested with it: install Debian's {package}")
    })
}

/// Polls until the server is ready; an error with its log if that never happens.
fn wait_until(server: &mut Process, log: &Path, ready: impl Fn() -> bool) -> Result<()> {
    let deadline = Instant::now() + TIMEOUT;
    while !ready() {
        let log = || fs::read_to_string(log).unwrap_or_default();
        if let Some(status) = server.0.try_wait()? {
            bail!("it ended ({status}): {}", log());
        }
        if Instant::now() > deadline {
            bail!("it does not answer: {}", log());
        }
        sleep(Duration::from_millis(10));
    }
    Ok(())
}

/// Polls until the answer is yes.
fn poll(ready: impl Fn() -> Result<bool>) -> Result<()> {
    let deadline = Instant::now() + TIMEOUT;
    while !ready()? {
        if Instant::now() > deadline {
            bail!("not so after {} s", TIMEOUT.as_secs());
        }
        sleep(Duration::from_millis(10));
    }
    Ok(())
}
