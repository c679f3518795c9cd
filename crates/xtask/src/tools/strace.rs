//! strace, with which tests watch and hinder the server's system calls. Linux only.

use anyhow::{Context, Result};

use super::debian;
use crate::process;

/// Finds it or installs it.
pub(crate) fn ensure() -> Result<()> {
    if !cfg!(target_os = "linux") || process::on_path("strace").is_some() {
        return Ok(());
    }
    debian::install(&["strace"])
        .context("`strace` is missing: install it by your system's package manager")
}
