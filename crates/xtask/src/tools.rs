//! The programs that a build or a test needs beside cargo: found, or set up.
//!
//! Everything that is set up goes into the user's cache folder, under its exact version, and
//! stays there for the next time. Nothing is put on PATH and nothing of the system is changed,
//! but for the wasm target (rustup) and, on Debian, the browser, the databases and what hinders
//! system calls (apt-get).

pub(crate) mod c_compiler;
pub(crate) mod cache;
pub(crate) mod cargo_tool;
pub(crate) mod chromedriver;
pub(crate) mod chromium;
pub(crate) mod databases;
pub(crate) mod debian;
pub(crate) mod faketime;
pub(crate) mod node;
pub(crate) mod rust;
pub(crate) mod strace;
pub(crate) mod wasm_opt;

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::{Context, Result};

use self::cargo_tool::{BuildDir, CargoTool};
use crate::progress;
use crate::workspace::Workspace;

/// What building the pages takes.
pub(crate) struct WebTools {
    /// The folder of `trunk`.
    pub(crate) trunk: PathBuf,
    /// The folder of `wasm-bindgen`.
    pub(crate) wasm_bindgen: PathBuf,
    /// The folder of a `wasm-opt` of the pinned version, if one is to be had.
    pub(crate) wasm_opt: Option<PathBuf>,
}

impl WebTools {
    /// Finds the tools, and installs what is missing.
    pub(crate) fn ensure(workspace: &Workspace) -> Result<Self> {
        rust::ensure_wasm_target(workspace)?;
        let build_dir = BuildDir::default();
        let trunk = trunk(workspace)?.ensure(&build_dir)?;
        let wasm_bindgen = wasm_bindgen(workspace)?.ensure(&build_dir)?;
        drop(build_dir);
        let wasm_opt = match wasm_opt::ensure(workspace) {
            Ok(folder) => Some(folder),
            Err(why) => {
                progress::note(&format!(
                    "no wasm-opt ({why:#}): the pages work, and are larger to download"
                ));
                None
            }
        };
        Ok(Self {
            trunk,
            wasm_bindgen,
            wasm_opt,
        })
    }

    /// PATH with these tools before all others.
    pub(crate) fn path(&self) -> Result<OsString> {
        let rest = env::var_os("PATH").unwrap_or_default();
        let first = [
            Some(&self.trunk),
            Some(&self.wasm_bindgen),
            self.wasm_opt.as_ref(),
        ];
        let all = first
            .into_iter()
            .flatten()
            .cloned()
            .chain(env::split_paths(&rest));
        env::join_paths(all).context("a folder of a tool cannot be put on PATH")
    }
}

/// Trunk, in the version that `Trunk.toml` asks for.
fn trunk(workspace: &Workspace) -> Result<CargoTool> {
    let settings = workspace.read_toml("Trunk.toml")?;
    let version = settings
        .get("trunk-version")
        .and_then(|value| value.as_str())
        .and_then(|version| version.strip_prefix('='))
        .context("Trunk.toml has no line `trunk-version = \"=X.Y.Z\"`")?;
    Ok(CargoTool {
        package: "trunk",
        version: version.to_owned(),
        programs: &["trunk"],
        locked: true,
        patience: "4 to 12 minutes",
    })
}

/// The wasm-bindgen command line, in the version of the library: they work as a pair only.
pub(crate) fn wasm_bindgen(workspace: &Workspace) -> Result<CargoTool> {
    Ok(CargoTool {
        package: "wasm-bindgen-cli",
        version: workspace.locked_version("wasm-bindgen")?,
        programs: &["wasm-bindgen", "wasm-bindgen-test-runner"],
        // Its own lock file has named versions that registries no longer had.
        locked: false,
        patience: "2 to 4 minutes",
    })
}
