//! aiosmtpd, the mail server that the tests start.

use std::process::Command;

use anyhow::{Context as _, Result};

use super::debian;
use crate::process;

/// The interpreters that may have aiosmtpd: the Debian package installs it for the system's Python.
const PYTHONS: [&str; 2] = ["python3", "/usr/bin/python3"];

/// Finds or installs aiosmtpd.
pub(crate) fn ensure() -> Result<()> {
    if PYTHONS.into_iter().any(has_server) {
        return Ok(());
    }
    debian::install(&["python3-aiosmtpd"]).context(
        "the mail server aiosmtpd is missing: install it with your system's package manager \
         (Debian: python3-aiosmtpd) or with `pip install aiosmtpd`",
    )
}

fn has_server(python: &str) -> bool {
    process::stdout_of(Command::new(python).args(["-c", "import aiosmtpd"])).is_ok()
}
