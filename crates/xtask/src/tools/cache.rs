//! Where tools are kept between runs.

use std::env;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

/// The folder of one tool in one version: `~/.cache/latchkey/tools/trunk-0.21.14`.
pub(crate) fn folder(tool: &str, version: &str) -> Result<PathBuf> {
    Ok(own()?.join("tools").join(format!("{tool}-{version}")))
}

/// This project's place in the user's cache folder.
pub(crate) fn own() -> Result<PathBuf> {
    let home = env::var_os("HOME")
        .filter(|home| !home.is_empty())
        .map(PathBuf::from);
    let chosen = env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let base = base(chosen, home, cfg!(target_os = "macos"))
        .context("neither HOME nor XDG_CACHE_HOME is set: no place to keep tools in")?;
    Ok(base.join("latchkey"))
}

/// The same, made if it is not there.
pub(crate) fn made(tool: &str, version: &str) -> Result<PathBuf> {
    let folder = folder(tool, version)?;
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    Ok(folder)
}

/// The user's cache folder (XDG Base Directory; Apple's File System Programming Guide).
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
    fn the_platform_decides_where_nothing_is_chosen() {
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
    fn an_absolute_choice_wins_and_a_relative_one_is_ignored() {
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
    fn without_a_home_there_is_no_place() {
        assert_eq!(base_of(None, None, false), None);
    }
}
