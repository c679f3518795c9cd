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
            "Redis and PostgreSQL are required; not found: {}. Install them with your system's \
             package manager (Debian: redis-server and postgresql)",
            missing.join(", ")
        )
    })
}

/// Debian installs each version in a subdirectory of this directory.
const DEBIAN_POSTGRES: &str = "/usr/lib/postgresql";
