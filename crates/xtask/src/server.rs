//! Builds the `latchkey` server for development.

use std::path::PathBuf;

use anyhow::Result;

use crate::workspace::Workspace;
use crate::{process, progress};

/// Builds the server with the dev profile and returns the path of the binary.
pub(crate) fn build_debug(workspace: &Workspace) -> Result<PathBuf> {
    let program = workspace.target_dir().join("debug/latchkey");
    let wait = if program.exists() {
        ""
    } else {
        " (3 to 5 minutes the first time)"
    };
    progress::step(&format!("Building the server{wait}"), || {
        // Without `-p`, cargo unifies the features of all members, as `cargo test` does, so
        // nothing is built twice.
        process::run(workspace.cargo().args(["build", "--bin", "latchkey"]))
    })?;
    Ok(program)
}
