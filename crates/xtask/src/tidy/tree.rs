//! The files of the project in memory, as input for the rules.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// Directories that are not part of the project (`.git` is a file in a worktree).
const IGNORED_DIRECTORIES: [&str; 7] = [
    ".git",
    "target",
    "dist",
    "data",
    "node_modules",
    "test-results",
    "playwright-report",
];

/// Every file of the project, by its path relative to the root, with `/` as separator.
pub(crate) struct Tree(BTreeMap<String, Option<String>>);

impl Tree {
    /// Reads the project at `root`.
    pub(crate) fn read(root: &Path) -> Result<Self> {
        let mut files = BTreeMap::new();
        walk(root, "", &mut files)?;
        Ok(Self(files))
    }

    /// Creates a tree of these files.
    #[cfg(test)]
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        let files = files
            .iter()
            .map(|(path, text)| ((*path).to_owned(), Some((*text).to_owned())));
        Self(files.collect())
    }

    /// The number of files.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The text of a file; `None` if it does not exist or is not valid UTF-8.
    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        self.0.get(path)?.as_deref()
    }

    /// All paths.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// All text files and their content.
    pub(crate) fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .filter_map(|(path, text)| Some((path.as_str(), text.as_deref()?)))
    }

    /// The text files with one of these extensions, such as `rs` or `css`.
    pub(crate) fn texts_ending(&self, extensions: &[&str]) -> impl Iterator<Item = (&str, &str)> {
        self.texts().filter(|(path, _)| {
            path.rsplit_once('.')
                .is_some_and(|(_, extension)| extensions.contains(&extension))
        })
    }

    /// Whether a file or directory with this path exists.
    pub(crate) fn holds(&self, path: &str) -> bool {
        let path = path.trim_end_matches('/');
        let inside = format!("{path}/");
        self.0.contains_key(path) || self.paths().any(|other| other.starts_with(&inside))
    }
}

/// The lines of `text` with their numbers, starting at 1.
pub(crate) fn numbered(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .enumerate()
        .map(|(index, line)| (index + 1, line))
}

/// The lines of a Rust file with their numbers, without lines that are only a comment and without
/// the tests at the end.
pub(crate) fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    numbered(without_tests(text)).filter(|(_, line)| !line.trim_start().starts_with("//"))
}

/// The text of a Rust file without the tests at its end.
pub(crate) fn without_tests(text: &str) -> &str {
    let tests = text.find("\nmod tests {\n").and_then(|module| {
        let attribute = text[..module].rfind('\n')? + 1;
        let condition = text[attribute..module].strip_prefix("#[cfg(")?;
        (condition == "test)]" || condition.starts_with("all(test,")).then_some(attribute)
    });
    &text[..tests.unwrap_or(text.len())]
}

/// Whether a Rust file contains only tests.
pub(crate) fn is_test(path: &str) -> bool {
    path.ends_with("/tests.rs") || path.split('/').any(|folder| folder == "tests")
}

fn walk(folder: &Path, prefix: &str, files: &mut BTreeMap<String, Option<String>>) -> Result<()> {
    let unreadable = || format!("cannot read {}", folder.display());
    for entry in fs::read_dir(folder).with_context(unreadable)? {
        let entry = entry.with_context(unreadable)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{prefix}{name}");
        let kind = entry.file_type().with_context(unreadable)?;
        if IGNORED_DIRECTORIES.contains(&name.as_str()) {
            continue;
        }
        if kind.is_dir() {
            walk(&entry.path(), &format!("{path}/"), files)?;
        } else if kind.is_file() {
            let bytes = fs::read(entry.path()).with_context(|| format!("cannot read {path}"))?;
            files.insert(path, String::from_utf8(bytes).ok());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_project_is_read_without_generated_files() {
        let folder = tempfile::tempdir().expect("a folder");
        for (path, bytes) in [
            ("src/a.rs", b"//! a".as_slice()),
            ("target/debug/x.rs", b""),
            ("end2end/node_modules/x.ts", b""),
            (".ci/run", b"#!/bin/sh"),
            ("icon.png", b"\x89PNG\xff"),
        ] {
            let file = folder.path().join(path);
            fs::create_dir_all(file.parent().expect("a parent")).expect("made");
            fs::write(file, bytes).expect("written");
        }
        let tree = Tree::read(folder.path()).expect("readable");
        assert_eq!(
            tree.paths().collect::<Vec<_>>(),
            [".ci/run", "icon.png", "src/a.rs"]
        );
        assert_eq!(tree.text("src/a.rs"), Some("//! a"));
        assert_eq!(tree.text("icon.png"), None, "not text");
    }

    #[test]
    fn files_and_directories_are_found() {
        let tree = Tree::of(&[("crates/core/src/lib.rs", "")]);
        for path in ["crates/core/src/lib.rs", "crates/core", "crates/core/"] {
            assert!(tree.holds(path), "{path}");
        }
        assert!(!tree.holds("crates/cor"));
    }

    #[test]
    fn tests_are_recognized_by_their_path() {
        assert!(is_test("crates/core/src/id/tests.rs"));
        assert!(is_test("crates/latchkey/tests/api/main.rs"));
        assert!(!is_test("crates/latchkey/src/http/contests.rs"));
    }

    #[test]
    fn tests_at_the_end_are_removed() {
        for (condition, left) in [
            ("#[cfg(test)]", "a\n"),
            ("#[cfg(all(test, feature = \"b\"))]", "a\n"),
            (
                "#[cfg(feature = \"test\")]",
                "a\n#[cfg(feature = \"test\")]\nmod tests {\n}\n",
            ),
        ] {
            let text = format!("a\n{condition}\nmod tests {{\n}}\n");
            assert_eq!(without_tests(&text), left, "{condition}");
        }
    }

    #[test]
    fn comments_are_not_code() {
        let lines: Vec<_> = code("a\n  // b\n/// c\nd").collect();
        assert_eq!(lines, [(1, "a"), (4, "d")]);
    }
}
