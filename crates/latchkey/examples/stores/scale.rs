//! The startup time, memory and disk space of a server with a large denylist.

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
    println!("A server with sled and this many unexpired denials:\n");
    println!("| denials | startup | memory | sled's directory |");
    println!("|---:|---:|---:|---:|");
    let folder = tempfile::tempdir()?;
    let mut seeded = 0;
    for &count in denials {
        seed(folder.path(), count.saturating_sub(seeded))?;
        seeded = count;
        let server = node::start(program, folder.path(), &[])?;
        let memory = megabytes(server.process().memory()?);
        let startup = server.startup().as_secs_f64();
        drop(server);
        let size = megabytes(size_of(folder.path())?);
        println!("| {count} | {startup:.2} s | {memory} MB | {size} MB |");
    }
    Ok(())
}

/// Writes denials in a separate process, so that the store is closed afterwards.
fn seed(folder: &Path, denials: u64) -> Result<()> {
    let mut command = Command::new(std::env::current_exe()?);
    command
        .current_dir(folder)
        .args(["seed", "data", &denials.to_string()]);
    ensure!(command.status()?.success(), "failed to write denials");
    Ok(())
}

fn megabytes(bytes: u64) -> u64 {
    bytes / 1_000_000
}
