//! Finds or installs the programs that builds and tests need besides cargo.
//!
//! Tools are installed into the user's cache directory, by exact version, and reused. PATH and the
//! system are not modified, with two exceptions: the WASM target (rustup) and, on Debian, the
//! browser and its driver, the databases, strace, libfaketime, curl, jq, Python, aiosmtpd and, for
//! benchmarks, wrk (apt-get).

pub(crate) mod c_compiler;
pub(crate) mod cache;
pub(crate) mod cargo_tool;
pub(crate) mod chromedriver;
pub(crate) mod chromium;
pub(crate) mod databases;
pub(crate) mod debian;
pub(crate) mod example_clients;
pub(crate) mod faketime;
pub(crate) mod mail_server;
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

/// The tools that build the pages.
pub(crate) struct WebTools {
    /// The directory of `trunk`.
    pub(crate) trunk: PathBuf,
    /// The directory of `wasm-bindgen`.
    pub(crate) wasm_bindgen: PathBuf,
    /// The directory of the pinned version of `wasm-opt`, if available.
    pub(crate) wasm_opt: Option<PathBuf>,
}

impl WebTools {
    /// Finds the tools and installs missing ones.
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
                    "no wasm-opt ({why:#}): the pages work, but are larger"
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

    /// PATH with these tools first.
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
        env::join_paths(all).context("the directory of a tool cannot be added to PATH")
    }
}

/// Trunk, in the version that `Trunk.toml` requires.
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
        build_time: "4 to 12 minutes",
    })
}

/// The wasm-bindgen command line tools. Their version must match the library's.
pub(crate) fn wasm_bindgen(workspace: &Workspace) -> Result<CargoTool> {
    Ok(CargoTool {
        package: "wasm-bindgen-cli",
        version: workspace.locked_version("wasm-bindgen")?,
        programs: &["wasm-bindgen", "wasm-bindgen-test-runner"],
        // Lock files of some releases list versions that were yanked.
        locked: false,
        build_time: "2 to 4 minutes",
    })
}
