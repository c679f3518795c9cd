//! Parts of the Rust toolchain: the WASM target, clippy, rustfmt.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::workspace::Workspace;
use crate::{process, progress};

/// The target for which the pages are compiled.
pub(crate) const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// Checks that the WASM target is installed, and installs it with rustup if not.
pub(crate) fn ensure_wasm_target(workspace: &Workspace) -> Result<()> {
    if has_wasm_target(workspace)? {
        return Ok(());
    }
    if process::on_path("rustup").is_none() {
        bail!(
            "the Rust target {WASM_TARGET} is missing and rustup is not installed: install Rust from \
            https://rustup.rs, or add the target with the package manager that installed Rust"
        );
    }
    progress::step(&format!("Adding the target {WASM_TARGET}"), || {
        process::run(
            workspace
                .command("rustup")
                .args(["target", "add", WASM_TARGET]),
        )
    })
    .with_context(|| {
        format!(
            "cannot add the target {WASM_TARGET}: check the network connection and run \
            `rustup target add {WASM_TARGET}`"
        )
    })
}

/// Checks with the compiler, so that it also works without rustup.
fn has_wasm_target(workspace: &Workspace) -> Result<bool> {
    let mut command = workspace.command("rustc");
    command.args(["--print", "target-libdir", "--target", WASM_TARGET]);
    Ok(PathBuf::from(process::stdout_of(&mut command)?).is_dir())
}

/// The host target.
pub(crate) fn host(workspace: &Workspace) -> Result<String> {
    let output = process::stdout_of(workspace.command("rustc").arg("-vV"))?;
    let host = output.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned)
        .context("the output of `rustc -vV` has no host")
}

/// Checks that `cargo COMMAND`, a component of the toolchain, is installed.
pub(crate) fn ensure_component(workspace: &Workspace, command: &str, name: &str) -> Result<()> {
    let cargo: &mut Command = &mut workspace.cargo();
    if process::stdout_of(cargo.args([command, "--version"])).is_ok() {
        return Ok(());
    }
    bail!("`cargo {command}` is missing: run `rustup component add {name}`")
}
