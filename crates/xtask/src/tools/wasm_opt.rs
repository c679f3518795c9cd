//! Binaryen's `wasm-opt`, which makes the pages smaller. The build works without it.
//!
//! Only the version pinned in `Trunk.toml` is used: other versions produce different output, and
//! version 108 (Debian 12) produces a module that does not start.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use super::{cache, node};
use crate::workspace::Workspace;
use crate::{process, progress};

/// Finds the pinned version of `wasm-opt` or installs it from npm, and returns its directory.
pub(crate) fn ensure(workspace: &Workspace) -> Result<PathBuf> {
    let version = pinned(workspace)?;
    let folder = cache::folder("binaryen", &version)?;
    let cached = folder.join("node_modules/.bin");
    let found = || {
        let on_path = process::all_on_path("wasm-opt");
        on_path
            .into_iter()
            .chain([cached.join("wasm-opt")])
            .find(|program| {
                process::is_program(program)
                    && process::stdout_of(Command::new(program).arg("--version"))
                        .is_ok_and(|output| is_version(&output, &version))
            })
    };
    let program = if let Some(program) = found() {
        program
    } else {
        node::ensure()?;
        let folder = cache::create("binaryen", &version)?;
        progress::step(&format!("Installing wasm-opt {version}"), || {
            node::install(&folder, "binaryen", &format!("{version}.0.0"))
        })?;
        found().context("npm installed binaryen, but its wasm-opt does not start")?
    };
    program
        .parent()
        .map(PathBuf::from)
        .context("wasm-opt has no parent directory")
}

/// The pinned version: `version_132` in `Trunk.toml` is version 132 of Binaryen.
fn pinned(workspace: &Workspace) -> Result<String> {
    let settings = workspace.read_toml("Trunk.toml")?;
    let pinned = settings
        .get("tools")
        .and_then(|tools| tools.get("wasm_opt"))
        .and_then(|version| version.as_str())
        .and_then(|version| version.strip_prefix("version_"))
        .context("Trunk.toml has no line `wasm_opt = \"version_N\"` under [tools]")?;
    Ok(pinned.to_owned())
}

/// Checks the output of `--version`: `wasm-opt version 132 (version_132)`.
fn is_version(output: &str, wanted: &str) -> bool {
    output.split_whitespace().nth(2) == Some(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_pinned_version_is_accepted() {
        assert!(is_version("wasm-opt version 132 (version_132)", "132"));
        assert!(is_version("wasm-opt version 132", "132"));
        assert!(!is_version("wasm-opt version 108", "132"));
        assert!(!is_version("", "132"));
    }

    #[test]
    fn the_pinned_version_is_newer_than_the_broken_one() {
        let workspace = Workspace::find().expect("tests run inside the workspace");
        let pinned: u32 = pinned(&workspace)
            .expect("pinned")
            .parse()
            .expect("a number");
        assert!(pinned > 108);
    }
}
