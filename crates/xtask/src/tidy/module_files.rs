//! Where modules and tests belong: `foo.rs`, not `foo/mod.rs`; short tests in the file they test.

use super::finding::Finding;
use super::tree::Tree;

/// Tests of at least this many lines may have their own file.
const LONG: usize = 80;

pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let places = ["crates/", "examples/"];
    let files = tree
        .texts_ending(&["rs"])
        .filter(|(path, _)| places.iter().any(|place| path.starts_with(place)));
    files
        .filter_map(|(path, text)| {
            let (folder, name) = path.rsplit_once('/')?;
            let lines = text.lines().count();
            let what = match name {
                "mod.rs" => format!("must be named after its directory: move it to {folder}.rs"),
                // A file that only declares test modules may be short.
                "tests.rs" if lines < LONG && !tree.holds(&format!("{folder}/tests")) => format!(
                    "has {lines} lines, fewer than {LONG}: move the tests to the end of the file they \
                     test, as `mod tests {{ … }}`"
                ),
                _ => return None,
            };
            Some(Finding::new(path, 1, what))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::finding::reported;

    fn found(files: &[(&str, &str)]) -> Vec<String> {
        reported(check, files)
    }

    #[test]
    fn a_file_named_mod_is_found() {
        assert_eq!(
            found(&[
                ("crates/a/src/b/mod.rs", ""),
                ("crates/a/src/b.rs", ""),
                ("crates/a/src/b/model.rs", ""),
                ("examples/notes/tests/kit/mod.rs", ""),
            ]),
            [
                "crates/a/src/b/mod.rs:1: must be named after its directory: move it to crates/a/src/b.rs",
                "examples/notes/tests/kit/mod.rs:1: must be named after its directory: move it to \
                 examples/notes/tests/kit.rs",
            ]
        );
    }

    #[test]
    fn short_tests_in_a_separate_file_are_found() {
        let (short, long) = ("x\n".repeat(79), "x\n".repeat(80));
        let found = found(&[
            ("crates/a/src/short/tests.rs", &short),
            ("crates/a/src/short.rs", &short),
            ("crates/a/src/long/tests.rs", &long),
            ("crates/a/src/divided/tests.rs", "mod part;\n"),
            ("crates/a/src/divided/tests/part.rs", &long),
        ]);
        assert_eq!(
            found,
            [
                "crates/a/src/short/tests.rs:1: has 79 lines, fewer than 80: move the tests to \
                 the end of the file they test, as `mod tests { … }`"
            ]
        );
    }
}
