//! A child process of a test, with its own children: stopped, resumed, measured, killed.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::process::{Child, ExitStatus};
use std::time::Duration;

use anyhow::{Context as _, Result};
use rustix::process::{Pid, kill_process};

pub use rustix::process::Signal;

/// Returns a port of the loopback address that nothing listens on at this moment.
pub fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?.port())
}

/// A running process and its children; killed when dropped.
#[derive(Debug)]
pub struct Process(pub(crate) Child);

impl Process {
    /// Kills it (SIGKILL), and its children.
    pub fn kill(&mut self) -> Result<()> {
        // Children that run see the end of their parent and end too; stopped ones do not.
        for child in self.family() {
            let _ = kill_process(child, Signal::KILL);
        }
        self.0.wait()?;
        Ok(())
    }

    /// Stops it in the middle of what it does (SIGSTOP), and its children.
    pub fn pause(&self) -> Result<()> {
        self.signal_family(Signal::STOP)
    }

    /// Lets it and its children continue (SIGCONT).
    pub fn resume(&self) -> Result<()> {
        self.signal_family(Signal::CONT)
    }

    /// Sends a signal to the process alone.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        Ok(kill_process(Pid::from_child(&self.0), signal)?)
    }

    /// Waits until it ends by itself.
    pub fn wait(&mut self) -> Result<ExitStatus> {
        Ok(self.0.wait()?)
    }

    /// Processor time that it and its children have used.
    pub fn cpu(&self) -> Duration {
        self.family().into_iter().map(cpu_of).sum()
    }

    /// Resident memory of the process alone, in bytes.
    pub fn memory(&self) -> Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = line.and_then(|line| line.split_whitespace().next());
        Ok(kilobytes.context("VmRSS")?.parse::<u64>()? * 1024)
    }

    fn signal_family(&self, signal: Signal) -> Result<()> {
        for pid in self.family() {
            match kill_process(pid, signal) {
                // A child may have ended since it was listed.
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
            // `pid (name) state ppid …`; the name may contain anything.
            let ppid: i32 = stat.rsplit_once(')')?.1.split(' ').nth(2)?.parse().ok()?;
            (ppid == parent.as_raw_nonzero().get()).then(|| Pid::from_raw(id))?
        });
        std::iter::once(parent).chain(children).collect()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.kill());
    }
}

/// Processor time of one process; zero if it has ended.
fn cpu_of(process: Pid) -> Duration {
    /// What the kernel counts in, in `/proc`.
    const TICKS_PER_SECOND: u64 = 100;
    let path = format!("/proc/{}/stat", process.as_raw_nonzero());
    let stat = fs::read_to_string(path).unwrap_or_default();
    let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
    // User and system time: the 14th and 15th field, of which two stand before the `)`.
    let ticks = fields.split_whitespace().skip(11).take(2);
    let ticks: u64 = ticks.filter_map(|field| field.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 1000 / TICKS_PER_SECOND)
}
