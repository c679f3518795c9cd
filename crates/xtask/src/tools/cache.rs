//! The cache directory for tools.

use std::env;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

/// The directory of one version of a tool: `~/.cache/latchkey/tools/trunk-0.21.14`.
pub(crate) fn folder(tool: &str, version: &str) -> Result<PathBuf> {
    Ok(root()?.join("tools").join(format!("{tool}-{version}")))
}

/// The project's directory in the user's cache directory.
pub(crate) fn root() -> Result<PathBuf> {
    let home = env::var_os("HOME")
        .filter(|home| !home.is_empty())
        .map(PathBuf::from);
    let chosen = env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let base = base(chosen, home, cfg!(target_os = "macos"))
        .context("no cache directory for tools: set HOME or XDG_CACHE_HOME")?;
    Ok(base.join("latchkey"))
}

/// Like [`folder`], but creates the directory.
pub(crate) fn create(tool: &str, version: &str) -> Result<PathBuf> {
    let folder = folder(tool, version)?;
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    Ok(folder)
}

/// The user's cache directory (XDG Base Directory; Apple's File System Programming Guide).
fn base(chosen: Option<PathBuf>, home: Option<PathBuf>, macos: bool) -> Option<PathBuf> {
    if let Some(chosen) = chosen.filter(|path| path.is_absolute()) {
        return Some(chosen);
    }
    let place = if macos { "Library/Caches" } else { ".cache" };
    home.map(|home| home.join(place))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base_of(chosen: Option<&str>, home: Option<&str>, macos: bool) -> Option<String> {
        let base = base(chosen.map(PathBuf::from), home.map(PathBuf::from), macos);
        base.map(|path| path.display().to_string())
    }

    #[test]
    fn the_default_depends_on_the_platform() {
        assert_eq!(
            base_of(None, Some("/h"), false).as_deref(),
            Some("/h/.cache")
        );
        assert_eq!(
            base_of(None, Some("/h"), true).as_deref(),
            Some("/h/Library/Caches")
        );
    }

    #[test]
    fn xdg_cache_home_takes_precedence_if_it_is_absolute() {
        assert_eq!(base_of(Some("/c"), Some("/h"), true).as_deref(), Some("/c"));
        assert_eq!(
            base_of(Some("c"), Some("/h"), false).as_deref(),
            Some("/h/.cache")
        );
        assert_eq!(
            base_of(Some(""), Some("/h"), false).as_deref(),
            Some("/h/.cache")
        );
    }

    #[test]
    fn without_a_home_there_is_no_cache_directory() {
        assert_eq!(base_of(None, None, false), None);
    }
}
