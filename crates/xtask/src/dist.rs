//! `cargo xtask dist`: an optimized binary with embedded pages.

mod encoding;
mod pages;
mod sizes;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

pub(crate) use self::encoding::Encoding;
pub(crate) use self::sizes::Sizes;
use crate::tools::c_compiler;
use crate::workspace::Workspace;
use crate::{process, progress, spa};

/// The output of `cargo xtask dist`.
pub(crate) struct Dist {
    /// The binary.
    pub(crate) program: PathBuf,
    /// The directory with the embedded pages and their compressed variants.
    pub(crate) pages: PathBuf,
}

/// Builds the binary and prints its path and sizes.
pub(crate) fn run(workspace: &Workspace, target_dir: Option<PathBuf>) -> Result<()> {
    c_compiler::ensure()?;
    let built = build(workspace, target_dir)?;
    println!("\n{}\n{}", built.program.display(), Sizes::of(&built)?);
    println!("Start it: {} serve --demo", built.program.display());
    Ok(())
}

/// Builds the binary in `target_dir`, or in cargo's target directory.
pub(crate) fn build(workspace: &Workspace, target_dir: Option<PathBuf>) -> Result<Dist> {
    let target_dir = target_dir.map_or_else(
        || Ok(workspace.target_dir()),
        |dir| {
            std::path::absolute(&dir)
                .with_context(|| format!("{} is not a valid path", dir.display()))
        },
    )?;
    let folder = target_dir.join("dist");
    let pages = folder.join("pages");
    pages::prepare(&spa::ensure(workspace)?, &pages)?;

    let release = target_dir.join("release/latchkey");
    let wait = if release.exists() {
        ""
    } else {
        " (5 to 10 minutes the first time)"
    };
    progress::step(&format!("Building the optimized server{wait}"), || {
        build_release(workspace, &target_dir, &pages)
    })?;
    let program = folder.join("latchkey");
    // Copy and rename, so that a running binary is replaced instead of overwritten.
    let fresh = folder.join("latchkey.new");
    fs::copy(&release, &fresh)
        .and_then(|_| fs::rename(&fresh, &program))
        .with_context(|| format!("cannot write the binary to {}", program.display()))?;
    Ok(Dist { program, pages })
}

fn build_release(workspace: &Workspace, target_dir: &Path, pages: &Path) -> Result<()> {
    let mut command = workspace.cargo();
    command.args(["build", "--release", "-p", "latchkey", "--bin", "latchkey"]);
    command
        .arg("--target-dir")
        .arg(target_dir)
        .env("LATCHKEY_EMBED_DIST", pages);
    process::run(&mut command)
}
