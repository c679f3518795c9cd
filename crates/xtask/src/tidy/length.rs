//! Limits the length of files. Tests at the end of a Rust file are not counted.

use super::finding::Finding;
use super::tree::{Tree, without_tests};

/// The maximum number of lines; most files should be far shorter.
const MAX_LINES: usize = 400;

pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let long = tree
        .texts_ending(&["rs", "ts", "css"])
        .filter_map(|(path, text)| {
            let lines = without_tests(text).lines().count();
            let what = format!("has {lines} lines, more than {MAX_LINES}: split it by topic");
            (lines > MAX_LINES).then(|| Finding::new(path, MAX_LINES + 1, what))
        });
    long.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_at_the_end_are_not_counted() {
        let tests = format!("\n#[cfg(test)]\nmod tests {{\n{}}}\n", "x\n".repeat(50));
        let of = |lines| "x\n".repeat(lines) + &tests;
        let tree = Tree::of(&[("a/src/most.rs", &of(399)), ("a/src/long.rs", &of(400))]);
        let found: Vec<_> = check(&tree).into_iter().map(|found| found.path).collect();
        assert_eq!(found, ["a/src/long.rs"]);
    }

    #[test]
    fn a_long_source_file_is_found() {
        let (long, most) = ("x\n".repeat(401), "x\n".repeat(400));
        let tree = Tree::of(&[
            ("crates/a/src/long.rs", &long),
            ("crates/a/src/most.rs", &most),
            ("end2end/tests/long.ts", &long),
            ("style/long.css", &long),
            ("Cargo.lock", &long),
        ]);
        let found: Vec<_> = check(&tree).into_iter().map(|found| found.path).collect();
        assert_eq!(
            found,
            [
                "crates/a/src/long.rs",
                "end2end/tests/long.ts",
                "style/long.css"
            ]
        );
        assert!(check(&tree)[0].to_string().contains(":401: has 401 lines"));
    }
}
