//! Reads the dependencies in the manifests of the workspace crates.

use toml::{Table, Value};

use super::tree::{Tree, numbered};

const SECTIONS: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];

/// A dependency of a workspace crate.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Dependency {
    /// The directory of the crate: `core`, `store-sled`.
    pub(crate) of: String,
    /// The package that the crate depends on.
    pub(crate) on: String,
    /// The crate's manifest, relative to the project root.
    pub(crate) path: String,
    /// The line that names the package, from 1.
    pub(crate) line: usize,
    /// Whether it is a dev-dependency.
    pub(crate) for_tests: bool,
}

/// The directory name of the crate that a manifest belongs to: `crates/core/Cargo.toml` → `core`.
fn crate_of(path: &str) -> Option<&str> {
    let folder = path.strip_prefix("crates/")?.strip_suffix("/Cargo.toml")?;
    (!folder.contains('/')).then_some(folder)
}

/// The directory names of all workspace crates.
pub(crate) fn crates(tree: &Tree) -> Vec<&str> {
    tree.paths().filter_map(crate_of).collect()
}

/// All dependencies of all workspace crates, of any kind and for any platform.
pub(crate) fn dependencies(tree: &Tree) -> Vec<Dependency> {
    let mut found = Vec::new();
    for (path, text) in tree.texts() {
        let Some(of) = crate_of(path) else { continue };
        // Cargo reports invalid manifests.
        let Ok(manifest) = text.parse::<Table>() else {
            continue;
        };
        for (on, for_tests) in packages(&manifest) {
            let line = line_of(text, &on);
            found.push(Dependency {
                of: of.to_owned(),
                on,
                path: path.to_owned(),
                line,
                for_tests,
            });
        }
    }
    found
}

/// The packages in a manifest, and whether each is a dev-dependency.
fn packages(manifest: &Table) -> Vec<(String, bool)> {
    let platforms = manifest.get("target").and_then(Value::as_table);
    let platforms = platforms
        .into_iter()
        .flat_map(Table::values)
        .filter_map(Value::as_table);
    let mut found = Vec::new();
    for table in [manifest].into_iter().chain(platforms) {
        for section in SECTIONS {
            let named = table.get(section).and_then(Value::as_table);
            for (name, value) in named.into_iter().flatten() {
                let package = value.get("package").and_then(Value::as_str).unwrap_or(name);
                found.push((package.to_owned(), section == "dev-dependencies"));
            }
        }
    }
    found
}

fn line_of(manifest: &str, package: &str) -> usize {
    let names = |line: &str| {
        line.trim_start()
            .trim_start_matches('"')
            .strip_prefix(package)
            .is_some_and(|rest| rest.starts_with(['.', ' ', '=', '"']))
    };
    let found = numbered(manifest).find(|(_, line)| names(line));
    found.map_or(1, |(number, _)| number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dependencies_of_all_sections_are_found() {
        let manifest = "[package]\nname = \"latchkey-web\"\n\n[dependencies]\n\
        latchkey-core.workspace = true\nalias = { package = \"sled\", version = \"0\" }\n\n\
        [dev-dependencies]\ntempfile.workspace = true\n\n\
        [target.'cfg(unix)'.build-dependencies]\ncc = \"1\"\n";
        let tree = Tree::of(&[
            ("crates/web/Cargo.toml", manifest),
            ("Cargo.toml", "[workspace]"),
        ]);
        let found: Vec<_> = dependencies(&tree)
            .into_iter()
            .map(|dep| (dep.on, dep.line))
            .collect();
        let expected = [
            ("sled", 1),
            ("latchkey-core", 5),
            ("tempfile", 9),
            ("cc", 12),
        ];
        assert_eq!(found, expected.map(|(name, line)| (name.to_owned(), line)));
    }

    #[test]
    fn workspace_crates_are_directly_under_crates() {
        let tree = Tree::of(&[
            ("crates/core/Cargo.toml", ""),
            ("crates/core/fuzz/Cargo.toml", ""),
        ]);
        assert_eq!(crates(&tree), ["core"]);
    }
}
