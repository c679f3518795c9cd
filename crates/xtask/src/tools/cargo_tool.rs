//! Programs from crates.io: Trunk and wasm-bindgen.

use std::cell::OnceCell;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use tempfile::TempDir;

use super::cache;
use crate::{process, progress};

/// How long downloading a prebuilt program may take before it is built from source.
const PREBUILT_TIMEOUT: Duration = Duration::from_mins(2);

/// A package whose programs are needed at an exact version.
pub(crate) struct CargoTool {
    /// The package on crates.io.
    pub(crate) package: &'static str,
    /// The exact version.
    pub(crate) version: String,
    /// The programs needed from the package. The first one is run to check the version.
    pub(crate) programs: &'static [&'static str],
    /// Whether to build with the lock file of the package.
    pub(crate) locked: bool,
    /// How long a build from source takes, for the progress message.
    pub(crate) build_time: &'static str,
}

/// A temporary target directory shared by tool builds. Created on first use, removed on drop.
#[derive(Default)]
pub(crate) struct BuildDir(OnceCell<TempDir>);

impl BuildDir {
    fn path(&self) -> Result<&Path> {
        if self.0.get().is_none() {
            let created = tempfile::Builder::new().prefix("latchkey-tools-").tempdir();
            let created =
                created.context("cannot create a temporary directory for building tools")?;
            return Ok(self.0.get_or_init(|| created).path());
        }
        self.0
            .get()
            .map(TempDir::path)
            .context("the directory for building tools is missing")
    }
}

impl CargoTool {
    /// Returns the directory of the programs, and installs them if they are missing.
    pub(crate) fn ensure(&self, build_dir: &BuildDir) -> Result<PathBuf> {
        if let Some(folder) = self.find()? {
            return Ok(folder);
        }
        let what = format!("Installing {} {}", self.package, self.version);
        let root = cache::create(self.programs[0], &self.version)?;
        if process::on_path("cargo-binstall").is_some() {
            let prebuilt = progress::step(&format!("{what}, prebuilt"), || self.binstall(&root));
            match prebuilt {
                Ok(()) if self.find()?.is_some() => return Ok(root.join("bin")),
                Ok(()) => progress::note("the prebuilt program has a different version"),
                Err(error) => progress::note(&format!(
                    "installing the prebuilt program failed: {error:#}"
                )),
            }
        }
        progress::step(
            &format!("{what} from source, once ({})", self.build_time),
            || self.build(&root, build_dir.path()?),
        )?;
        self.find()?.with_context(|| {
            format!(
                "{} was installed, but is not in {}",
                self.package,
                root.display()
            )
        })
    }

    /// A directory on PATH or in the cache that contains all programs at the right version.
    fn find(&self) -> Result<Option<PathBuf>> {
        let cached = cache::folder(self.programs[0], &self.version)?.join("bin");
        let on_path = process::all_on_path(self.programs[0]);
        let folders = on_path
            .iter()
            .filter_map(|program| program.parent().map(Path::to_owned));
        Ok(folders.chain([cached]).find(|folder| self.is_in(folder)))
    }

    fn is_in(&self, folder: &Path) -> bool {
        self.programs
            .iter()
            .all(|name| process::is_program(&folder.join(name)))
            && process::stdout_of(Command::new(folder.join(self.programs[0])).arg("--version"))
                .is_ok_and(|output| output.split_whitespace().nth(1) == Some(self.version.as_str()))
    }

    fn binstall(&self, root: &Path) -> Result<()> {
        let mut command = Command::new("cargo-binstall");
        command
            .args(["--no-confirm", "--disable-strategies", "compile", "--root"])
            .arg(root);
        command.arg(format!("{}@{}", self.package, self.version));
        process::run_within(&mut command, PREBUILT_TIMEOUT)
    }

    fn build(&self, root: &Path, target_dir: &Path) -> Result<()> {
        let mut command = Command::new("cargo");
        command.args([
            "install",
            self.package,
            "--version",
            &self.version,
            "--debug",
        ]);
        command
            .arg("--root")
            .arg(root)
            .arg("--target-dir")
            .arg(target_dir);
        if self.locked {
            command.arg("--locked");
        }
        for program in self.programs {
            command.args(["--bin", program]);
        }
        // Run outside the workspace, so that its cargo settings do not apply.
        process::run(command.current_dir(target_dir))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn tool() -> CargoTool {
        CargoTool {
            package: "needle-cli",
            version: "1.2.3".to_owned(),
            programs: &["needle", "needle-runner"],
            locked: false,
            build_time: "no time",
        }
    }

    fn program(folder: &Path, name: &str, output: &str) {
        let path = folder.join(name);
        fs::write(&path, format!("#!/bin/sh\necho '{output}'\n")).expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("executable");
    }

    #[test]
    fn the_exact_version_is_found() {
        let folder = tempfile::tempdir().expect("a folder");
        program(folder.path(), "needle", "needle 1.2.3 (abcdef0)");
        program(folder.path(), "needle-runner", "");
        assert!(tool().is_in(folder.path()));
    }

    #[test]
    fn another_version_is_rejected() {
        let folder = tempfile::tempdir().expect("a folder");
        program(folder.path(), "needle", "needle 1.2.30");
        program(folder.path(), "needle-runner", "");
        assert!(!tool().is_in(folder.path()));
    }

    #[test]
    fn an_incomplete_installation_is_rejected() {
        let folder = tempfile::tempdir().expect("a folder");
        program(folder.path(), "needle", "needle 1.2.3");
        assert!(!tool().is_in(folder.path()));
    }

    #[test]
    fn the_build_directory_is_created_once_and_removed() {
        let build_dir = BuildDir::default();
        let first = build_dir.path().expect("created").to_owned();
        assert_eq!(build_dir.path().expect("still there"), first);
        assert!(first.is_dir());
        drop(build_dir);
        assert!(!first.exists());
    }
}
