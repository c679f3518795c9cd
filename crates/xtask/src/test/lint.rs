//! Formatting and lints.

use anyhow::{Result, bail};

use super::summary::Done;
use crate::process;
use crate::tools::rust::{self, WASM_TARGET};
use crate::workspace::Workspace;

/// `cargo fmt`, looking only.
pub(crate) fn fmt(workspace: &Workspace) -> Result<()> {
    rust::ensure_component(workspace, "fmt", "rustfmt")?;
    if process::run(workspace.cargo().args(["fmt", "--all", "--check"])).is_err() {
        bail!("some files are not formatted: run `cargo fmt --all`");
    }
    Ok(())
}

/// Advisories, licences and sources of all dependencies by `deny.toml`, where cargo-deny is.
pub(crate) fn deny(workspace: &Workspace) -> Result<Done> {
    if process::on_path("cargo-deny").is_none() {
        return Ok(Done::Skipped("cargo-deny is not installed"));
    }
    process::run(workspace.cargo().args(["deny", "check"]))?;
    Ok(Done::Plainly)
}

/// The browser's crates apart from the host's: one command over both would unify the features
/// `ssr` and `hydrate`.
const BROWSER: [&[&str]; 2] = [
    &[
        "-p",
        "latchkey-web",
        "--no-default-features",
        "--features",
        "hydrate",
    ],
    &["-p", "latchkey-client", "--all-targets"],
];

/// Clippy with warnings as errors.
pub(crate) fn clippy(workspace: &Workspace) -> Result<()> {
    rust::ensure_component(workspace, "clippy", "clippy")?;
    rust::ensure_wasm_target(workspace)?;
    let look = |selection: &[&str]| {
        let mut command = workspace.cargo();
        command.args(["clippy", "--keep-going"]).args(selection);
        process::run(command.args(["--", "-D", "warnings"]))
    };
    // All of them even if the first complains: one run shows everything.
    let mut results = vec![look(&["--all-targets"])];
    for selection in BROWSER {
        results.push(look(&[selection, &["--target", WASM_TARGET]].concat()));
    }
    results.into_iter().collect()
}
