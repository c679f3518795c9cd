//! Redis and PostgreSQL. Tests and benchmarks start their own servers.

use std::path::Path;

use anyhow::{Context as _, Result};

use super::debian;
use crate::process;

/// Finds or installs both.
pub(crate) fn ensure() -> Result<()> {
    let mut missing = Vec::new();
    if process::on_path("redis-server").is_none() {
        missing.push("redis-server");
    }
    if process::on_path("postgres").is_none() && !Path::new(DEBIAN_POSTGRES).is_dir() {
        missing.push("postgresql");
    }
    if missing.is_empty() {
        return Ok(());
    }
    debian::install(&missing).with_context(|| {
        format!(
            "tests with Redis and PostgreSQL cannot run: {} missing; install the packages that \
            your system calls redis-server and postgresql",
            missing.join(" and ")
        )
    })
}

/// Debian installs each version in a subdirectory of this directory.
const DEBIAN_POSTGRES: &str = "/usr/lib/postgresql";
