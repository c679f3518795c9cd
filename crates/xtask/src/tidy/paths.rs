//! Every path in ARCHITECTURE.md exists.

use super::finding::Finding;
use super::tree::{Tree, numbered};

const MAP: &str = "ARCHITECTURE.md";

/// The file name extensions in this project.
const EXTENSIONS: [&str; 9] = [
    "rs", "toml", "md", "ts", "css", "html", "json", "svg", "png",
];

pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let Some(map) = tree.text(MAP) else {
        return vec![Finding::new(
            MAP,
            1,
            "this file is missing; it must describe the structure of the project",
        )];
    };
    let mut findings = Vec::new();
    for (line, text) in numbered(map) {
        for name in quoted(text).filter(|name| looks_like_a_path(tree, name)) {
            if !exists(tree, name) {
                let what = format!("`{name}` does not exist: update the path");
                findings.push(Finding::new(MAP, line, what));
            }
        }
    }
    findings
}

/// The parts of the line between backticks.
fn quoted(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

/// Whether this looks like a file name, or like a path that starts at a top-level directory. URL
/// paths, Rust paths, patterns and commands do not.
fn looks_like_a_path(tree: &Tree, name: &str) -> bool {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "./_-".contains(letter);
    if name.is_empty() || name.starts_with('/') || !name.chars().all(plain) {
        return false;
    }
    let has_ending = name
        .rsplit_once('.')
        .is_some_and(|(stem, ending)| !stem.is_empty() && EXTENSIONS.contains(&ending));
    let from_the_root = name
        .split_once('/')
        .is_some_and(|(folder, _)| !folder.is_empty() && tree.holds(folder));
    has_ending || from_the_root
}

/// Whether the path exists, from the root or as the end of a longer path: `app.rs`,
/// `http/router.rs`.
fn exists(tree: &Tree, name: &str) -> bool {
    let tail = format!("/{}", name.trim_end_matches('/'));
    tree.holds(name)
        || tree
            .paths()
            .any(|path| path.ends_with(&tail) || path.contains(&format!("{tail}/")))
        || LOCAL_FILES.contains(&name)
}

/// Files that are created locally.
const LOCAL_FILES: [&str; 2] = ["latchkey.toml", "dist/index.html"];

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(map: &str) -> Vec<String> {
        let tree = Tree::of(&[
            (MAP, map),
            ("crates/core/src/rotation.rs", ""),
            ("crates/latchkey/src/http/router.rs", ""),
            ("Cargo.toml", ""),
        ]);
        check(&tree).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_missing_path_is_found() {
        assert_eq!(
            findings("# Map\n\nSee `crates/core/src/rotation.rs`, `crates/core/src/gone.rs`.\n"),
            ["ARCHITECTURE.md:3: `crates/core/src/gone.rs` does not exist: update the path"]
        );
        assert_eq!(findings("`crates/old/`").len(), 1);
        assert_eq!(findings("`nowhere.rs`").len(), 1);
    }

    #[test]
    fn directories_and_partial_paths_are_accepted() {
        assert!(
            findings("`crates/core` `crates/core/` `rotation.rs` `http/router.rs` `http/`")
                .is_empty()
        );
    }

    #[test]
    fn other_strings_between_backticks_are_ignored() {
        let map = "`core::rotation` `POST /auth/token` `/api/me` `application/json` `cargo xtask run` \
               `crates/{core,types}` `state.sid` `latchkey.toml` `n/a`";
        assert_eq!(findings(map), Vec::<String>::new());
    }

    #[test]
    fn a_missing_architecture_file_is_found() {
        let found = check(&Tree::of(&[("Cargo.toml", "")]));
        assert_eq!(
            found[0].to_string(),
            "ARCHITECTURE.md:1: this file is missing; it must describe the structure of the project"
        );
    }
}
