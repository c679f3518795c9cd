//! Finds the workspace, and runs cargo and other programs in it.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use toml::Table;

use crate::tools::cache;

/// The checked-out project.
pub(crate) struct Workspace {
    root: PathBuf,
}

impl Workspace {
    /// Finds the workspace that cargo started this tool from, or the one around the current
    /// directory.
    pub(crate) fn find() -> Result<Self> {
        let start = match env::var_os("CARGO_MANIFEST_DIR") {
            Some(dir) => PathBuf::from(dir),
            None => env::current_dir().context("cannot determine the current directory")?,
        };
        for folder in start.ancestors() {
            let manifest = folder.join("Cargo.toml");
            if fs::read_to_string(manifest).is_ok_and(|text| text.contains("[workspace]")) {
                return Ok(Self {
                    root: folder.to_owned(),
                });
            }
        }
        bail!(
            "{} is not inside the Latchkey workspace: run the command from there",
            start.display()
        )
    }

    /// The directory of the root `Cargo.toml`.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// A path inside the workspace.
    pub(crate) fn path(&self, relative: impl AsRef<Path>) -> PathBuf {
        self.root.join(relative)
    }

    /// The target directory of cargo. If `CI` is set, every clone is new, so compiled dependencies
    /// are cached in the user's cache directory.
    pub(crate) fn target_dir(&self) -> PathBuf {
        let chosen = env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
        let cached = || match env::var_os("CI") {
            Some(_) => cache::root().ok().map(|folder| folder.join("target")),
            None => None,
        };
        self.root
            .join(chosen.or_else(cached).unwrap_or_else(|| "target".into()))
    }

    /// This tool's directory inside the target directory, for fingerprints and generated settings.
    pub(crate) fn own_dir(&self) -> Result<PathBuf> {
        let dir = self.target_dir().join("xtask");
        fs::create_dir_all(&dir).with_context(|| format!("cannot create {}", dir.display()))?;
        Ok(dir)
    }

    /// A command that runs in the workspace root, without the variables that cargo sets for this
    /// tool.
    pub(crate) fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        command
            .current_dir(&self.root)
            .env("CARGO_TARGET_DIR", self.target_dir());
        for (name, _) in env::vars_os() {
            let is_from_cargo = name.to_str().is_some_and(|name| {
                [
                    "CARGO_PKG_",
                    "CARGO_MANIFEST_",
                    "CARGO_BIN_",
                    "CARGO_CRATE_",
                ]
                .iter()
                .any(|prefix| name.starts_with(prefix))
            });
            if is_from_cargo {
                command.env_remove(name);
            }
        }
        command
    }

    /// The cargo that started this tool, run in the workspace root.
    pub(crate) fn cargo(&self) -> Command {
        self.command(env::var_os("CARGO").map_or_else(|| "cargo".into(), PathBuf::from))
    }

    /// Reads a file of the workspace as text.
    pub(crate) fn read(&self, relative: &str) -> Result<String> {
        let path = self.path(relative);
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
    }

    /// Reads a TOML file of the workspace.
    pub(crate) fn read_toml(&self, relative: &str) -> Result<Table> {
        let text = self.read(relative)?;
        text.parse()
            .with_context(|| format!("{relative} is not valid TOML"))
    }

    /// The version of `package` in Cargo.lock.
    pub(crate) fn locked_version(&self, package: &str) -> Result<String> {
        let lock = self.read_toml("Cargo.lock")?;
        locked_version(&lock, package)
            .with_context(|| format!("Cargo.lock has no package `{package}`: run `cargo check`"))
    }
}

/// The version of `package` in a parsed `Cargo.lock`.
pub(crate) fn locked_version(lock: &Table, package: &str) -> Option<String> {
    let packages = lock.get("package")?.as_array()?;
    let entry = packages
        .iter()
        .find(|entry| entry.get("name").and_then(|name| name.as_str()) == Some(package))?;
    entry.get("version")?.as_str().map(str::to_owned)
}
