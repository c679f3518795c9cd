//! The locked version of wasm-bindgen is the version pinned in the manifest.
//!
//! `cargo xtask` installs the wasm-bindgen command line tools in the locked version, and they must
//! match the library.

use toml::{Table, Value};

use super::finding::Finding;
use super::tree::{Tree, numbered};
use crate::workspace::locked_version;

const PACKAGE: &str = "wasm-bindgen";

pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let manifest = tree.text("Cargo.toml").unwrap_or_default();
    let Some(pinned) = pinned(manifest) else {
        let what = format!("{PACKAGE} must be pinned under [workspace.dependencies]: `\"=X.Y.Z\"`");
        return vec![Finding::new("Cargo.toml", line_of(manifest), what)];
    };
    let lock = tree
        .text("Cargo.lock")
        .unwrap_or_default()
        .parse::<Table>()
        .unwrap_or_default();
    match locked_version(&lock, PACKAGE) {
        Some(locked) if locked == pinned => Vec::new(),
        Some(locked) => {
            let what = format!("pins {PACKAGE} {pinned}, but Cargo.lock has {locked}");
            vec![Finding::new("Cargo.toml", line_of(manifest), what)]
        }
        // No crate uses wasm-bindgen.
        None => Vec::new(),
    }
}

fn pinned(manifest: &str) -> Option<String> {
    let manifest: Table = manifest.parse().ok()?;
    let value = manifest
        .get("workspace")?
        .get("dependencies")?
        .get(PACKAGE)?;
    let version = value
        .as_str()
        .or_else(|| value.get("version").and_then(Value::as_str))?;
    version.strip_prefix('=').map(str::to_owned)
}

fn line_of(manifest: &str) -> usize {
    let found = numbered(manifest).find(|(_, line)| line.starts_with(&format!("{PACKAGE} ")));
    found.map_or(1, |(number, _)| number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(pin: &str, locked: &str) -> Vec<String> {
        let manifest = format!("[workspace.dependencies]\nwasm-bindgen = {pin}\n");
        let lock = format!("[[package]]\nname = \"wasm-bindgen\"\nversion = \"{locked}\"\n");
        let tree = Tree::of(&[("Cargo.toml", &manifest), ("Cargo.lock", &lock)]);
        check(&tree).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_same_version_is_accepted() {
        assert!(findings("\"=0.2.130\"", "0.2.130").is_empty());
        assert!(findings("{ version = \"=0.2.130\" }", "0.2.130").is_empty());
    }

    #[test]
    fn another_version_in_the_lock_file_is_found() {
        assert_eq!(
            findings("\"=0.2.130\"", "0.2.131"),
            ["Cargo.toml:2: pins wasm-bindgen 0.2.130, but Cargo.lock has 0.2.131"]
        );
    }

    #[test]
    fn a_loose_pin_is_found() {
        assert_eq!(findings("\"0.2\"", "0.2.130").len(), 1);
    }
}
