//! How a server starts over a long denylist, and how large sled becomes when denials come and go.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Result, ensure};

use crate::node::Node;

const DENIALS: [u64; 4] = [1_000, 100_000, 1_000_000, 10_000_000];
const CHURNED: u64 = 1_000_000;
const LIVE: u64 = 20_000;

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
        let more = (count - there).to_string();
        ask(program, folder.path(), &["bench-seed", "--denials", &more])?;
        there = count;
        let node = Node::start(program, folder.path(), &[])?;
        let memory = megabytes(node.memory()?);
        let took = node.took.as_secs_f64();
        drop(node);
        let size = megabytes(size_of(folder.path())?);
        println!("| {count} | {took:.2} s | {memory} MB | {size} MB |");
    }
    println!(
        "\nsled's directory while {CHURNED} denials come and go, about {LIVE} of them in force:\n\n```"
    );
    let folder = tempfile::tempdir()?;
    let (total, live) = (CHURNED.to_string(), LIVE.to_string());
    let said = ask(
        program,
        folder.path(),
        &["bench-churn", "--total", &total, "--live", &live],
    )?;
    println!("{said}```");
    Ok(())
}

fn ask(program: &Path, folder: &Path, arguments: &[&str]) -> Result<String> {
    let mut command = Command::new(program);
    command
        .current_dir(folder)
        .args(arguments)
        .args(["--data-dir", "data"])
        .stderr(Stdio::inherit());
    let done = command.output()?;
    ensure!(done.status.success(), "{arguments:?} failed");
    Ok(String::from_utf8(done.stdout)?)
}

fn size_of(folder: &Path) -> Result<u64> {
    let mut size = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        size += if metadata.is_dir() {
            size_of(&entry.path())?
        } else {
            metadata.len()
        };
    }
    Ok(size)
}

fn megabytes(bytes: u64) -> u64 {
    bytes / 1_000_000
}
