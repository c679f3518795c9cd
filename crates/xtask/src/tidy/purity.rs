//! `types` and `core` do no I/O; time and randomness are parameters.

use super::finding::Finding;
use super::tree::{Tree, code, is_test};

const IMPURE: [&str; 9] = [
    "std::env",
    "std::fs",
    "std::io",
    "std::net",
    "std::process",
    "std::thread",
    "Instant::now",
    "SystemTime",
    "js_sys::",
];

pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.texts_ending(&["rs"]) {
        let pure = ["crates/types/src/", "crates/core/src/"];
        if !pure.iter().any(|folder| path.starts_with(folder)) || is_test(path) {
            continue;
        }
        for (line, words) in code(text) {
            for name in IMPURE.iter().filter(|name| words.contains(*name)) {
                let what = format!(
                    "`{name}` is not pure: take the value as a parameter (`Clock`, `Rng`), and \
                    do the I/O in `axum` or `client`"
                );
                findings.push(Finding::new(path, line, what));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn core_that_reads_a_clock_or_a_file_is_found() {
        let tree = Tree::of(&[
            (
                "crates/core/src/clock.rs",
                "//! Unlike SystemTime.\nlet now = SystemTime::now();",
            ),
            ("crates/types/src/lib.rs", "use std::fs;"),
            ("crates/core/src/id/tests.rs", "use std::fs;"),
            ("crates/latchkey/src/main.rs", "use std::fs;"),
        ]);
        let found: Vec<_> = check(&tree)
            .iter()
            .map(|found| (found.path.clone(), found.line))
            .collect();
        let expected = [
            ("crates/core/src/clock.rs", 2),
            ("crates/types/src/lib.rs", 1),
        ];
        assert_eq!(found, expected.map(|(path, line)| (path.to_owned(), line)));
    }
}
