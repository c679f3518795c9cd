//! strace, with which tests observe the server's system calls and make them fail. Linux only.

use anyhow::{Context, Result};

use super::debian;
use crate::process;

/// Finds or installs strace.
pub(crate) fn ensure() -> Result<()> {
    if !cfg!(target_os = "linux") || process::on_path("strace").is_some() {
        return Ok(());
    }
    debian::install(&["strace"])
        .context("`strace` is missing: install it with your system's package manager")
}
