//! Builds the pages with Trunk, into `dist`.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::fingerprint::Fingerprint;
use crate::tools::rust::{self, WASM_TARGET};
use crate::tools::{WebTools, wasm_opt};
use crate::workspace::Workspace;
use crate::{process, progress};

/// The sources of the pages.
const INPUTS: [&str; 10] = [
    "crates/web",
    "crates/console",
    "crates/client",
    "crates/types",
    "crates/core",
    "style",
    "public",
    "Cargo.toml",
    "Cargo.lock",
    "Trunk.toml",
];

/// Builds the pages if they are missing or outdated, and returns their directory. Optimizes them if
/// wasm-opt is available.
pub(crate) fn ensure(workspace: &Workspace) -> Result<PathBuf> {
    let dist = workspace.path("dist");
    let records = Records::of(workspace)?;
    if records.are_up_to_date(workspace, &dist)? {
        progress::note("the pages are up to date");
        return Ok(dist);
    }
    if !workspace.path("crates/web/index.html").is_file() {
        bail!("crates/web/index.html is missing, so there are no pages to build");
    }
    let tools = WebTools::ensure(workspace)?;
    records.remove()?;
    let first = !workspace
        .target_dir()
        .join(WASM_TARGET)
        .join("wasm")
        .is_dir();
    let wait = if first {
        " (2 to 4 minutes the first time)"
    } else {
        ""
    };
    progress::step(&format!("Building the pages{wait}"), || {
        build(workspace, &tools)
    })?;
    records.write(workspace, &dist, tools.wasm_opt.is_some())?;
    Ok(dist)
}

fn build(workspace: &Workspace, tools: &WebTools) -> Result<()> {
    // Trunk and the cargo that it calls run offline: the tools are installed already, and the
    // dependencies are fetched here.
    let mut fetch = workspace.cargo();
    fetch.args([
        "fetch",
        "--target",
        WASM_TARGET,
        "--target",
        &rust::host(workspace)?,
    ]);
    process::run(&mut fetch)?;

    // Build the pages first: Trunk clears their output directory, and the console is built into a
    // subdirectory of that directory.
    for config in ["Trunk.toml", "crates/console/Trunk.toml"] {
        run_trunk(workspace, tools, config)?;
    }
    Ok(())
}

fn run_trunk(workspace: &Workspace, tools: &WebTools, config: &str) -> Result<()> {
    let mut trunk = workspace.command(tools.trunk.join("trunk"));
    trunk
        .arg("build")
        .args(["--config", config])
        .args(["--offline", "--skip-version-check"])
        .env("PATH", tools.path()?);
    if tools.wasm_opt.is_some() {
        trunk.arg("--release");
    } else {
        // `--release` requires wasm-opt; this is the same without that step.
        trunk.args(["--cargo-profile", "wasm"]);
    }
    // Trunk only accepts `true` and `false` here and rejects the customary `1`.
    if env::var_os("NO_COLOR").is_some() {
        trunk.env("NO_COLOR", "true");
    }
    process::run(&mut trunk)
}

/// The current fingerprint of the sources, and the files that record the last build.
struct Records {
    inputs: Fingerprint,
    inputs_file: PathBuf,
    outputs_file: PathBuf,
    /// Exists if the last build was made without wasm-opt.
    unoptimized_file: PathBuf,
}

impl Records {
    fn of(workspace: &Workspace) -> Result<Self> {
        let compiler = process::stdout_of(workspace.command("rustc").arg("-V"))?;
        let folder = workspace.own_dir()?;
        Ok(Self {
            inputs: Fingerprint::of(workspace.root(), &INPUTS, &[&compiler])?,
            inputs_file: folder.join("spa-inputs"),
            outputs_file: folder.join("spa-outputs"),
            unoptimized_file: folder.join("spa-unoptimized"),
        })
    }

    /// Checks input and output, because `dist` may have been removed or edited.
    fn are_up_to_date(&self, workspace: &Workspace, dist: &Path) -> Result<bool> {
        Ok(dist.join("index.html").is_file()
            && dist.join("console/index.html").is_file()
            && self.inputs.is_recorded(&self.inputs_file)
            && outputs(dist)?.is_recorded(&self.outputs_file)
            && !(self.unoptimized_file.exists() && wasm_opt::ensure(workspace).is_ok()))
    }

    fn remove(&self) -> Result<()> {
        for file in [
            &self.inputs_file,
            &self.outputs_file,
            &self.unoptimized_file,
        ] {
            if file.exists() {
                fs::remove_file(file)
                    .with_context(|| format!("cannot remove {}", file.display()))?;
            }
        }
        Ok(())
    }

    fn write(&self, workspace: &Workspace, dist: &Path, optimized: bool) -> Result<()> {
        if !optimized {
            fs::write(&self.unoptimized_file, "")?;
        }
        outputs(dist)?.record(&self.outputs_file)?;
        // The build may have added packages to Cargo.lock, which is an input.
        Self::of(workspace)?.inputs.record(&self.inputs_file)
    }
}

/// The fingerprint of Trunk's output in `dist`.
pub(crate) fn outputs(dist: &Path) -> Result<Fingerprint> {
    Fingerprint::of(dist, &["."], &[])
}
