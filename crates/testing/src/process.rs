//! Processes: found, started, stopped.

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Child;
use std::thread::sleep;
use std::time::{Duration, Instant};
use std::{env, fs};

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, kill_process};

/// How long a server may take to begin.
const PATIENCE: Duration = Duration::from_mins(1);

/// A port that nobody listens on at this moment.
pub fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?.port())
}

/// A program on PATH or in one of these folders.
pub fn program(name: &str, folders: &[PathBuf], package: &str) -> Result<PathBuf> {
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

/// How much processor time this process has taken; none if it is gone.
pub fn cpu_of(process: u32) -> Duration {
    /// Of the kernel's clock for this purpose.
    const TICKS_PER_SECOND: u64 = 100;
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
    // User and system time: the 14th and 15th field, counted from the one before the name.
    let ticks = fields.split_whitespace().skip(11).take(2);
    let ticks: u64 = ticks.filter_map(|field| field.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 1000 / TICKS_PER_SECOND)
}

/// A server's process and its children; killed when dropped.
#[derive(Debug)]
pub struct Server(pub(crate) Child);

impl Server {
    /// Ends it without a warning.
    pub fn kill(&mut self) -> Result<()> {
        // Its children see its end and end as well; those that are stopped do not.
        for child in self.family() {
            let _ = kill_process(child, Signal::KILL);
        }
        self.0.wait()?;
        Ok(())
    }

    /// Stops it in the middle of whatever it does (SIGSTOP).
    pub fn pause(&self) -> Result<()> {
        self.signal(Signal::STOP)
    }

    /// Lets it go on.
    pub fn resume(&self) -> Result<()> {
        self.signal(Signal::CONT)
    }

    /// How much processor time it has taken, all its processes together.
    pub fn cpu(&self) -> Duration {
        let ids = self.family().into_iter();
        ids.map(|pid| cpu_of(pid.as_raw_nonzero().get().unsigned_abs()))
            .sum()
    }

    fn signal(&self, signal: Signal) -> Result<()> {
        for pid in self.family() {
            // A child may have ended meanwhile.
            match kill_process(pid, signal) {
                Err(rustix::io::Errno::SRCH) | Ok(()) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// The process and its children, the parent first.
    fn family(&self) -> Vec<Pid> {
        let parent = Pid::from_child(&self.0);
        let children = fs::read_dir("/proc").into_iter().flatten().flatten();
        let children = children.filter_map(|entry| {
            let id: i32 = entry.file_name().to_str()?.parse().ok()?;
            let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
            // `pid (name) state ppid …`; the name may hold anything.
            let ppid: i32 = stat.rsplit_once(')')?.1.split(' ').nth(2)?.parse().ok()?;
            (ppid == parent.as_raw_nonzero().get()).then(|| Pid::from_raw(id))?
        });
        std::iter::once(parent).chain(children).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.kill());
    }
}

/// Asks until the answer is yes; with the log if it never is.
pub(crate) fn wait_until(server: &mut Server, log: &Path, ready: impl Fn() -> bool) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    while !ready() {
        let log = || fs::read_to_string(log).unwrap_or_default();
        if let Some(status) = server.0.try_wait()? {
            bail!("it ended with {status}: {}", log());
        }
        if Instant::now() > deadline {
            bail!("it does not answer: {}", log());
        }
        sleep(Duration::from_millis(10));
    }
    Ok(())
}

/// Asks until the answer is yes.
pub(crate) fn poll(ready: impl Fn() -> Result<bool>) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    while !ready()? {
        if Instant::now() > deadline {
            bail!("it does not come");
        }
        sleep(Duration::from_millis(10));
    }
    Ok(())
}
