//! Node.js and the npm packages of the browser tests.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use std::{env, fs};

use anyhow::{Context, Result, bail};

use crate::fingerprint::Fingerprint;
use crate::workspace::Workspace;
use crate::{process, progress};

/// The minimum version of Node.js for the browser tests.
const MIN_VERSION: u32 = 20;

/// How long installing a single package may take.
const INSTALL_LIMIT: Duration = Duration::from_mins(3);

/// Checks that a recent Node.js and npm are installed.
pub(crate) fn ensure() -> Result<()> {
    let wanted = format!("install Node.js {MIN_VERSION} or newer (https://nodejs.org)");
    let output = process::stdout_of(Command::new("node").arg("--version"))
        .with_context(|| format!("Node.js is missing: {wanted}"))?;
    match major(&output) {
        Some(version) if version >= MIN_VERSION => {}
        _ => bail!("Node.js {output} is too old: {wanted}"),
    }
    if process::on_path("npm").is_none() {
        bail!("npm, which is part of Node.js, is missing: {wanted}");
    }
    Ok(())
}

/// Installs the packages of the browser tests from their lock file and returns their directory.
pub(crate) fn ensure_packages(workspace: &Workspace) -> Result<PathBuf> {
    ensure()?;
    let folder = workspace.path("end2end");
    let fingerprint = Fingerprint::of(
        &folder,
        &["package.json", "package-lock.json", ".npmrc"],
        &[],
    )?;
    // Stored inside node_modules, so that removing node_modules also removes the record.
    let record = folder.join("node_modules/.latchkey-stamp");
    if !fingerprint.is_recorded(&record) {
        progress::step("Installing the npm packages of end2end", || {
            process::run(npm(&folder).args(["ci", "--no-fund", "--no-audit"]))
        })?;
        fingerprint.record(&record)?;
    }
    Ok(folder)
}

/// The command of an installed npm package.
pub(crate) fn package_command(folder: &Path, name: &str) -> Result<Command> {
    let program = folder.join("node_modules/.bin").join(name);
    if !process::is_program(&program) {
        bail!(
            "{} is missing: remove node_modules and try again",
            program.display()
        );
    }
    let mut command = Command::new(program);
    command.current_dir(folder);
    Ok(command)
}

/// Installs exactly one package into its own directory.
pub(crate) fn install(folder: &Path, package: &str, version: &str) -> Result<()> {
    ensure()?;
    fs::write(folder.join("package.json"), "{\"private\":true}\n")
        .with_context(|| format!("cannot write to {}", folder.display()))?;
    let exact = format!("{package}@{version}");
    let mut command = npm(folder);
    command.args(["install", "--no-fund", "--no-audit", "--save-exact", &exact]);
    process::run_within(&mut command, INSTALL_LIMIT)
}

fn npm(folder: &Path) -> Command {
    let mut command = Command::new("npm");
    command.current_dir(folder);
    // With NODE_ENV=production, npm would skip the development dependencies.
    if env::var_os("NODE_ENV").is_some() {
        command.env_remove("NODE_ENV");
    }
    command
}

/// `v20.11.1` → 20.
fn major(version: &str) -> Option<u32> {
    version
        .trim()
        .strip_prefix('v')?
        .split('.')
        .next()?
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_is_parsed() {
        assert_eq!(major("v20.20.2\n"), Some(20));
        assert_eq!(major("v8.0.0"), Some(8));
        assert_eq!(major("20"), None);
        assert_eq!(major(""), None);
    }
}
