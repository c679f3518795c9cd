//! Building the `latchkey` server for development.

use std::path::PathBuf;

use anyhow::Result;

use crate::workspace::Workspace;
use crate::{process, progress};

/// Builds the server for development; the program's path.
pub(crate) fn build_debug(workspace: &Workspace) -> Result<PathBuf> {
    let program = workspace.target_dir().join("debug/latchkey");
    let wait = if program.exists() {
        ""
    } else {
        " (3 to 5 minutes the first time)"
    };
    progress::step(&format!("Building the server{wait}"), || {
        // Of all default members, as `cargo test` builds them: the same features, nothing twice.
        process::run(workspace.cargo().args(["build", "--bin", "latchkey"]))
    })?;
    Ok(program)
}
