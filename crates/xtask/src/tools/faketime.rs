//! libfaketime, which tests use to set the server's clock. Linux only.

use std::fs;

use anyhow::{Context, Result};

use super::debian;

/// Finds or installs libfaketime.
pub(crate) fn ensure() -> Result<()> {
    if !cfg!(target_os = "linux") || exists() {
        return Ok(());
    }
    debian::install(&["libfaketime"])
        .context("libfaketime is missing: install it with your system's package manager")
}

fn exists() -> bool {
    let folders = fs::read_dir("/usr/lib").into_iter().flatten().flatten();
    let mut files = folders.map(|folder| folder.path().join("faketime/libfaketime.so.1"));
    files.any(|file| file.is_file())
}
