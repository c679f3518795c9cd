//! Words and names that are out of place.

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
