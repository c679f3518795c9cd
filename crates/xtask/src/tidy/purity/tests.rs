//! I/O where there must be none.

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
        ("crates/server/src/main.rs", "use std::fs;"),
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
