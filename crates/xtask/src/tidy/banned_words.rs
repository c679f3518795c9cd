//! Words and file names that must not be used in the project.

use super::finding::Finding;
use super::tree::{Tree, numbered};

/// Banned words, each with a suggestion. Each word is split in two, so that this file passes its own
/// check.
const WORDS: [(&str, &str, &str); 12] = [
    ("black", "list", "use denylist"),
    ("white", "list", "use allowlist"),
    ("TO", "DO", "do it, or file an issue"),
    ("FIX", "ME", "fix it, or file an issue"),
    ("/ho", "me/", "this path exists on one machine only"),
    ("/ro", "ot/", "this path exists on one machine only"),
    ("/Us", "ers/", "this path exists on one machine only"),
    ("/wo", "rk/", "this path exists on one machine only"),
    (
        "registry.npm",
        "js.org",
        "each machine chooses its package registry",
    ),
    (
        "index.",
        "crates.io",
        "each machine chooses its package registry",
    ),
    (
        "static.",
        "crates.io",
        "each machine chooses its package registry",
    ),
    (
        "arti",
        "factory",
        "each machine chooses its package registry",
    ),
];

/// Files that tools write.
const LOCK_FILES: [&str; 2] = ["Cargo.lock", "package-lock.json"];

/// Names of files and directories that attract unrelated code.
const NAMES: [&str; 5] = ["utils", "util", "common", "helpers", "misc"];

pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for path in tree.paths() {
        if let Some(name) = nondescript_name(path) {
            let what =
                format!("`{name}` is not a descriptive name: name the file after its contents");
            findings.push(Finding::new(path, 1, what));
        }
    }
    let ours = tree.texts().filter(|(path, _)| !is_lock_file(path));
    for (path, text) in ours {
        for (line, words) in numbered(text) {
            for (start, end, advice) in WORDS {
                let word = format!("{start}{end}");
                if contains_word(words, &word) {
                    let what = format!("`{word}` does not belong here: {advice}");
                    findings.push(Finding::new(path, line, what));
                }
            }
        }
    }
    findings
}

fn is_lock_file(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    LOCK_FILES.contains(&name)
}

fn nondescript_name(path: &str) -> Option<&str> {
    path.split('/')
        .map(|piece| piece.split('.').next().unwrap_or_default())
        .find(|name| NAMES.contains(name))
}

/// Whether the line contains the word. Lower-case words match in any case and inside other words;
/// upper-case words and paths match exactly, and not inside longer words or paths.
fn contains_word(line: &str, word: &str) -> bool {
    if word
        .chars()
        .all(|letter| letter.is_ascii_lowercase() || letter == '.')
    {
        return line.to_ascii_lowercase().contains(word);
    }
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        let joins = |letter: Option<char>| letter.is_some_and(char::is_alphanumeric);
        !joins(before) && (word.ends_with('/') || !joins(after))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::finding::reported;

    fn found_in(path: &str, text: &str) -> Vec<String> {
        reported(check, &[(path, text)])
    }

    /// Joins the parts of a word that this file must not contain.
    fn word(pieces: [&str; 2]) -> String {
        pieces.concat()
    }

    #[test]
    fn each_word_is_found() {
        for (start, end, advice) in WORDS {
            let text = format!("first line\nsee {start}{end} there\n");
            let expected = format!("README.md:2: `{start}{end}` does not belong here: {advice}");
            assert_eq!(found_in("README.md", &text), [expected]);
        }
    }

    #[test]
    fn a_word_is_found_in_any_case_and_inside_a_name() {
        let name = format!("fn {}ed()", word(["Black", "list"]));
        assert_eq!(found_in("a.rs", &name).len(), 1);
    }

    #[test]
    fn parts_of_longer_words_and_paths_are_accepted() {
        for text in [
            word(["TO", "DOS"]),
            word(["x/ho", "me/y"]),
            word(["https://example.com/ro", "ot/"]),
            "to do".to_owned(),
        ] {
            assert!(found_in("a.md", &text).is_empty(), "{text}");
        }
    }

    #[test]
    fn only_lock_files_are_ignored() {
        let host = word(["https://registry.npm", "js.org/x"]);
        for path in ["Cargo.lock", "end2end/package-lock.json"] {
            assert!(found_in(path, &host).is_empty(), "{path}");
        }
        for path in [
            "end2end/.npmrc",
            "crates/core/src/clock.rs",
            "crates/client/src/lock.rs",
            "docs/locks/Cargo.lock.md",
        ] {
            assert_eq!(found_in(path, &host).len(), 1, "{path}");
        }
    }

    #[test]
    fn nondescript_names_are_found() {
        for path in [
            "crates/a/src/utils.rs",
            "end2end/helpers.ts",
            "crates/a/src/common/b.rs",
        ] {
            assert_eq!(found_in(path, "//! x").len(), 1, "{path}");
        }
        assert!(found_in("crates/a/src/commonmark.rs", "//! x").is_empty());
    }
}
