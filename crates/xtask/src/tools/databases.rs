//! Redis and PostgreSQL, of which tests and measurements start private servers.

use std::path::Path;

use anyhow::{Context as _, Result};

use super::debian;
use crate::process;

/// Finds both or installs them.
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
            "nothing can be tested with Redis and PostgreSQL: {} missing; install what your \
             system calls redis-server and postgresql",
            missing.join(" and ")
        )
    })
}

/// Debian keeps the programs of each version in a folder below this one.
const DEBIAN_POSTGRES: &str = "/usr/lib/postgresql";
