//! Formatting and lints.

use anyhow::{Result, bail};

use super::summary::Done;
use crate::process;
use crate::tools::rust::{self, WASM_TARGET};
use crate::workspace::Workspace;

/// Runs `cargo fmt --check`.
pub(crate) fn fmt(workspace: &Workspace) -> Result<()> {
    rust::ensure_component(workspace, "fmt", "rustfmt")?;
    if process::run(workspace.cargo().args(["fmt", "--all", "--check"])).is_err() {
        bail!("some files are not formatted: run `cargo fmt --all`");
    }
    Ok(())
}

/// Runs `cargo deny check`, if cargo-deny is installed.
pub(crate) fn deny(workspace: &Workspace) -> Result<Done> {
    if process::on_path("cargo-deny").is_none() {
        return Ok(Done::Skipped("cargo-deny is not installed"));
    }
    process::run(workspace.cargo().args(["deny", "check"]))?;
    Ok(Done::Passed)
}

/// The browser crates are checked separately from the host crates: one command for both would unify
/// the features `ssr` and `hydrate`.
const BROWSER: [&[&str]; 3] = [
    &[
        "-p",
        "latchkey-web",
        "--no-default-features",
        "--features",
        "hydrate",
    ],
    &[
        "-p",
        "latchkey-console",
        "--no-default-features",
        "--features",
        "hydrate",
    ],
    &["-p", "latchkey-client", "--all-targets"],
];

/// Runs Clippy with warnings as errors.
pub(crate) fn clippy(workspace: &Workspace) -> Result<()> {
    rust::ensure_component(workspace, "clippy", "clippy")?;
    rust::ensure_wasm_target(workspace)?;
    let run_clippy = |selection: &[&str]| {
        let mut command = workspace.cargo();
        command.args(["clippy", "--keep-going"]).args(selection);
        process::run(command.args(["--", "-D", "warnings"]))
    };
    // Continue after a failure, so that one run reports everything.
    let mut results = vec![run_clippy(&["--all-targets"])];
    for selection in BROWSER {
        results.push(run_clippy(
            &[selection, &["--target", WASM_TARGET]].concat(),
        ));
    }
    results.into_iter().collect()
}
