//! The browser for the tests.
//!
//! Tried in this order: `CHROMIUM_PATH`, an installed browser, the one that Playwright downloads,
//! Debian's package.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::{debian, node};
use crate::workspace::Workspace;
use crate::{process, progress};

/// How long Playwright's download may take before the next option is tried.
const DOWNLOAD_LIMIT: Duration = Duration::from_mins(5);

const PROGRAMS: [&str; 4] = [
    "chromium",
    "google-chrome",
    "google-chrome-stable",
    "chromium-browser",
];

const MAC_APPS: [&str; 2] = [
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
];

/// Finds or installs a Chromium that starts.
pub(crate) fn ensure(workspace: &Workspace) -> Result<PathBuf> {
    if let Some(named) = env::var_os("CHROMIUM_PATH").map(PathBuf::from) {
        if starts(&named) {
            return Ok(named);
        }
        bail!("CHROMIUM_PATH is {}, which does not start", named.display());
    }
    if let Some(found) = installed() {
        return Ok(found);
    }
    // In CI, Debian's package is faster than the download.
    let skip_download = env::var_os("CI").is_some() && debian::can_install();
    let mut failures = Vec::new();
    if !skip_download {
        match from_playwright(workspace) {
            Ok(found) => return Ok(found),
            Err(error) => failures.push(format!("Playwright's: {error:#}")),
        }
    }
    match debian::install(&["chromium", "chromium-driver"]) {
        Ok(()) => {}
        Err(error) => failures.push(format!("Debian's: {error:#}")),
    }
    installed().with_context(|| {
        format!(
            "no Chromium for the browser tests ({}): install Chromium or Google Chrome, or set \
            the variable CHROMIUM_PATH",
            failures.join("; ")
        )
    })
}

/// The version of Chromium or ChromeDriver, from output like `Chromium 156.0.8078.73 built on …`.
pub(crate) fn version(program: &Path) -> Result<String> {
    let output = process::stdout_of(Command::new(program).arg("--version"))?;
    version_in(&output).map(str::to_owned).with_context(|| {
        format!(
            "no version in the output of {}: `{output}`",
            program.display()
        )
    })
}

fn version_in(output: &str) -> Option<&str> {
    let is_version = |word: &&str| {
        word.contains('.')
            && word
                .chars()
                .all(|letter| letter.is_ascii_digit() || letter == '.')
    };
    output.split_whitespace().find(is_version)
}

fn installed() -> Option<PathBuf> {
    let on_path = PROGRAMS.iter().flat_map(|name| process::all_on_path(name));
    on_path
        .chain(MAC_APPS.map(PathBuf::from))
        .find(|program| starts(program))
}

fn starts(program: &Path) -> bool {
    process::is_program(program) && version(program).is_ok()
}

/// The Chromium that Playwright downloads.
fn from_playwright(workspace: &Workspace) -> Result<PathBuf> {
    let folder = node::ensure_packages(workspace)?;
    let place = playwright_executable(&folder)?;
    if !starts(&place) {
        progress::step("Downloading Playwright's Chromium", || {
            let mut command = node::package_command(&folder, "playwright")?;
            process::run_within(command.args(["install", "chromium"]), DOWNLOAD_LIMIT)
        })?;
    }
    if !starts(&place) {
        bail!("{} does not start", place.display());
    }
    Ok(place)
}

fn playwright_executable(folder: &Path) -> Result<PathBuf> {
    let script = "import('@playwright/test').then(p => console.log(p.chromium.executablePath()))";
    let mut command = Command::new("node");
    process::stdout_of(command.args(["-e", script]).current_dir(folder)).map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_found_in_the_output() {
        let chromium = "Chromium 156.0.8078.73 built on Debian GNU/Linux 12 (bookworm)";
        assert_eq!(version_in(chromium), Some("156.0.8078.73"));
        assert_eq!(
            version_in("Google Chrome 140.0.7339.80 "),
            Some("140.0.7339.80")
        );
        let driver = "ChromeDriver 156.0.8078.73 (abc-refs/branch-heads/8078@{#1})";
        assert_eq!(version_in(driver), Some("156.0.8078.73"));
        assert_eq!(version_in("command not found"), None);
    }
}
