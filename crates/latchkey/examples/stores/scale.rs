//! How a server starts over a long denylist.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, ensure};

use crate::churn::size_of;
use crate::node;

const DENIALS: [u64; 4] = [1_000, 100_000, 1_000_000, 10_000_000];

pub(crate) fn run(program: &Path, denials: &[u64]) -> Result<()> {
    let denials = if denials.is_empty() {
        &DENIALS[..]
    } else {
        denials
    };
    println!("A server over sled with so many live denials:\n");
    println!("| denials | start to open port | memory | sled's directory |");
    println!("|---:|---:|---:|---:|");
    let folder = tempfile::tempdir()?;
    let mut there = 0;
    for &count in denials {
        seed(folder.path(), count.saturating_sub(there))?;
        there = count;
        let server = node::start(program, folder.path(), &[])?;
        let memory = megabytes(server.process().memory()?);
        let took = server.startup().as_secs_f64();
        drop(server);
        let size = megabytes(size_of(folder.path())?);
        println!("| {count} | {took:.2} s | {memory} MB | {size} MB |");
    }
    Ok(())
}

/// In a process of its own, so that the store is closed when this returns.
fn seed(folder: &Path, denials: u64) -> Result<()> {
    let mut command = Command::new(std::env::current_exe()?);
    command
        .current_dir(folder)
        .args(["seed", "data", &denials.to_string()]);
    ensure!(command.status()?.success(), "the store cannot be filled");
    Ok(())
}

fn megabytes(bytes: u64) -> u64 {
    bytes / 1_000_000
}
