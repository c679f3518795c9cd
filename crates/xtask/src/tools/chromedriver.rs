//! ChromeDriver, which runs the WASM tests in the browser.
//!
//! Its major version must match the browser's.

use std::env;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};

use super::{cache, chromium, debian, node};
use crate::{process, progress};

/// The npm package that downloads drivers, and its version.
const DOWNLOADER: (&str, &str) = ("@puppeteer/browsers", "2.13.0");
/// How long downloading a driver may take.
const DOWNLOAD_LIMIT: Duration = Duration::from_mins(2);

/// Finds or installs a driver for `browser`.
pub(crate) fn ensure(browser: &Path) -> Result<PathBuf> {
    let version = chromium::version(browser)?;
    if let Some(named) = env::var_os("CHROMEDRIVER") {
        return Ok(named.into());
    }
    if let Some(found) = on_path(&version) {
        return Ok(found);
    }
    let folder = cache::folder("chromedriver", &version)?;
    if let Some(found) = downloaded(&folder) {
        return Ok(found);
    }
    // Debian's driver only works with Debian's browser.
    let is_debians_browser = browser == Path::new("/usr/bin/chromium");
    let got = if is_debians_browser && debian::can_install() {
        debian::install(&["chromium-driver"])
    } else {
        progress::step(&format!("Downloading ChromeDriver {version}"), || {
            download(&cache::create("chromedriver", &version)?, &version)
        })
    };
    let advice = || {
        format!(
            "no ChromeDriver {version} for {}: add it to PATH, or set the variable CHROMEDRIVER",
            browser.display()
        )
    };
    got.with_context(advice)?;
    on_path(&version)
        .or_else(|| downloaded(&folder))
        .with_context(advice)
}

fn on_path(browser: &str) -> Option<PathBuf> {
    process::all_on_path("chromedriver")
        .into_iter()
        .find(|driver| chromium::version(driver).is_ok_and(|version| fits(&version, browser)))
}

fn fits(driver: &str, browser: &str) -> bool {
    driver.split('.').next() == browser.split('.').next()
}

fn download(folder: &Path, version: &str) -> Result<()> {
    node::install(folder, DOWNLOADER.0, DOWNLOADER.1)?;
    let mut command = node::package_command(folder, "browsers")?;
    command.args(["install", &format!("chromedriver@{version}"), "--path", "."]);
    process::run_within(&mut command, DOWNLOAD_LIMIT)
}

/// The downloader's layout: `chromedriver/PLATFORM-VERSION/chromedriver-PLATFORM/chromedriver`.
fn downloaded(folder: &Path) -> Option<PathBuf> {
    let mut found = folder.join("chromedriver");
    for _ in 0..2 {
        let entries = found.read_dir().ok()?;
        found = entries
            .filter_map(Result::ok)
            .map(|entry| entry.path())
            .find(|at| at.is_dir())?;
    }
    Some(found.join("chromedriver")).filter(|file| process::is_program(file))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn driver_and_browser_must_have_the_same_major_version() {
        assert!(fits("156.0.8078.73", "156.0.8100.1"));
        assert!(!fits("15.0.0.0", "156.0.8078.73"));
    }

    #[test]
    fn a_downloaded_driver_is_found() {
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(downloaded(folder.path()), None);
        let inner = folder
            .path()
            .join("chromedriver/linux-156.0.8078.73/chromedriver-linux64");
        fs::create_dir_all(&inner).expect("made");
        let driver = inner.join("chromedriver");
        fs::write(&driver, "").expect("written");
        assert_eq!(downloaded(folder.path()), None, "not a program yet");
        fs::set_permissions(&driver, fs::Permissions::from_mode(0o755)).expect("executable");
        assert_eq!(downloaded(folder.path()), Some(driver));
    }
}
