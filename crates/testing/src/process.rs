//! Pauses, resumes, measures and kills a child process of a test together with its own children.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::process::{Child, ExitStatus};
use std::time::Duration;

use anyhow::{Context as _, Result};
use rustix::process::{Pid, kill_process};

pub use rustix::process::Signal;

/// Returns a port of the loopback address that is currently free.
pub fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?.port())
}

/// A running process and its children, which are killed when this value is dropped.
///
/// ```
/// use latchkey_testing::{ServerProcess, Signal};
/// use std::process::Command;
///
/// let mut command = Command::new("sh");
/// command.args(["-c", "echo listening on http://127.0.0.1:9 >&2; exec sleep 600"]);
/// let server = ServerProcess::start(&mut command)?;
/// server.process().pause()?;
/// assert!(server.process().memory()? > 0);
/// server.process().resume()?;
/// server.process().signal(Signal::TERM)?;
/// # Ok::<(), anyhow::Error>(())
/// ```
#[derive(Debug)]
pub struct Process(pub(crate) Child);

impl Process {
    /// Kills the process and its children (SIGKILL).
    pub fn kill(&mut self) -> Result<()> {
        // Paused children would not notice that their parent ended.
        for child in self.family() {
            let _ = kill_process(child, Signal::KILL);
        }
        self.0.wait()?;
        Ok(())
    }

    /// Pauses the process and its children (SIGSTOP).
    pub fn pause(&self) -> Result<()> {
        self.signal_family(Signal::STOP)
    }

    /// Resumes the process and its children (SIGCONT).
    pub fn resume(&self) -> Result<()> {
        self.signal_family(Signal::CONT)
    }

    /// Sends a signal to the process, but not to its children.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        Ok(kill_process(Pid::from_child(&self.0), signal)?)
    }

    /// Waits until the process exits.
    pub fn wait(&mut self) -> Result<ExitStatus> {
        Ok(self.0.wait()?)
    }

    /// The CPU time that the process and its children have used.
    pub fn cpu(&self) -> Duration {
        self.family().into_iter().map(cpu_of).sum()
    }

    /// The resident memory of the process, without its children, in bytes.
    pub fn memory(&self) -> Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = line.and_then(|line| line.split_whitespace().next());
        Ok(kilobytes.context("VmRSS")?.parse::<u64>()? * 1024)
    }

    fn signal_family(&self, signal: Signal) -> Result<()> {
        for pid in self.family() {
            match kill_process(pid, signal) {
                // The child may have exited since it was listed.
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

/// The CPU time of one process; zero if it has exited.
fn cpu_of(process: Pid) -> Duration {
    /// Times in `/proc` are in clock ticks (`USER_HZ`).
    const TICKS_PER_SECOND: u64 = 100;
    let path = format!("/proc/{}/stat", process.as_raw_nonzero());
    let stat = fs::read_to_string(path).unwrap_or_default();
    let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
    // User and system time are fields 14 and 15. Fields 1 and 2 are before the `)`.
    let ticks = fields.split_whitespace().skip(11).take(2);
    let ticks: u64 = ticks.filter_map(|field| field.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 1000 / TICKS_PER_SECOND)
}
