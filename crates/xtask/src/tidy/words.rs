//! Words and names that do not belong into the project.

use super::finding::Finding;
use super::tree::{Tree, numbered};

/// Written in two pieces, so that this file does not hold what it looks for.
const WORDS: [(&str, &str, &str); 12] = [
    ("black", "list", "the field's word is denylist"),
    ("white", "list", "the field's word is allow-list"),
    ("TO", "DO", "do it, or file an issue"),
    ("FIX", "ME", "mend it, or file an issue"),
    ("/ho", "me/", "a path of one machine"),
    ("/ro", "ot/", "a path of one machine"),
    ("/Us", "ers/", "a path of one machine"),
    ("/wo", "rk/", "a path of one machine"),
    (
        "registry.npm",
        "js.org",
        "which registry serves a package is each machine's own matter",
    ),
    (
        "index.",
        "crates.io",
        "which registry serves a package is each machine's own matter",
    ),
    (
        "static.",
        "crates.io",
        "which registry serves a package is each machine's own matter",
    ),
    (
        "arti",
        "factory",
        "which registry serves a package is each machine's own matter",
    ),
];

/// Names of files and folders in which everything ends up that has no room of its own.
const NAMES: [&str; 5] = ["utils", "util", "common", "helpers", "misc"];

pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for path in tree.paths() {
        if let Some(name) = shapeless(path) {
            let what = format!("`{name}` says nothing: name it for what it is about");
            findings.push(Finding::new(path, 1, what));
        }
    }
    // Lock files are written by tools.
    let ours = tree.texts().filter(|(path, _)| !path.contains("lock"));
    for (path, text) in ours {
        for (line, words) in numbered(text) {
            for (start, end, advice) in WORDS {
                let word = format!("{start}{end}");
                if names(words, &word) {
                    let what = format!("`{word}` does not belong here: {advice}");
                    findings.push(Finding::new(path, line, what));
                }
            }
        }
    }
    findings
}

fn shapeless(path: &str) -> Option<&str> {
    path.split('/')
        .map(|piece| piece.split('.').next().unwrap_or_default())
        .find(|name| NAMES.contains(name))
}

/// Lower-case words in any case and any compound; upper-case marks and paths as they stand, not
/// inside a longer word or a longer path.
fn names(line: &str, word: &str) -> bool {
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

    fn found_in(path: &str, text: &str) -> Vec<String> {
        check(&Tree::of(&[(path, text)]))
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    /// Puts a word together that must not stand in this file.
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
    fn marks_and_paths_inside_longer_ones_are_fine() {
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
    fn lock_files_are_left_alone() {
        let host = word(["https://registry.npm", "js.org/x"]);
        assert!(found_in("end2end/package-lock.json", &host).is_empty());
        assert_eq!(found_in("end2end/.npmrc", &host).len(), 1);
    }

    #[test]
    fn shapeless_names_are_found() {
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
