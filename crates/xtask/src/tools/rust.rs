//! The Rust toolchain's own pieces: the wasm target, clippy, rustfmt.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::workspace::Workspace;
use crate::{process, progress};

/// What the pages are compiled for.
pub(crate) const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// Sees to it that Rust compiles for the browser.
pub(crate) fn ensure_wasm_target(workspace: &Workspace) -> Result<()> {
    if has_wasm_target(workspace)? {
        return Ok(());
    }
    if process::on_path("rustup").is_none() {
        bail!(
            "Rust has no target {WASM_TARGET} here, and there is no rustup to add it: install \
             Rust by https://rustup.rs, or add the target by the package manager Rust came from"
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
            "the target {WASM_TARGET} cannot be added: see that the network is up, and run \
             `rustup target add {WASM_TARGET}` by hand"
        )
    })
}

/// Asks the compiler, so that a Rust that did not come by rustup counts too.
fn has_wasm_target(workspace: &Workspace) -> Result<bool> {
    let mut command = workspace.command("rustc");
    command.args(["--print", "target-libdir", "--target", WASM_TARGET]);
    Ok(PathBuf::from(process::stdout_of(&mut command)?).is_dir())
}

/// The platform that this machine compiles for by default.
pub(crate) fn host(workspace: &Workspace) -> Result<String> {
    let said = process::stdout_of(workspace.command("rustc").arg("-vV"))?;
    let host = said.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).context("`rustc -vV` names no host")
}

/// Sees to it that `cargo COMMAND`, a component of the toolchain, is there.
pub(crate) fn ensure_component(workspace: &Workspace, command: &str, name: &str) -> Result<()> {
    let asked: &mut Command = &mut workspace.cargo();
    if process::stdout_of(asked.args([command, "--version"])).is_ok() {
        return Ok(());
    }
    bail!("`cargo {command}` is missing: run `rustup component add {name}`")
}
