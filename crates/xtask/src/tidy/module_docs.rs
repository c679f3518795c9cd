//! Every Rust file except `tests.rs` starts with module documentation.

use super::finding::Finding;
use super::tree::Tree;

pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let files = tree.texts_ending(&["rs"]);
    let undocumented = files.filter(|(path, text)| {
        !path.ends_with("/tests.rs") && !text.trim_start().starts_with("//!")
    });
    undocumented
        .map(|(path, _)| {
            Finding::new(
                path,
                1,
                "has no module documentation: start with `//!` and say what belongs here",
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_module_documentation_is_found() {
        let tree = Tree::of(&[
            ("crates/a/src/lib.rs", "//! A.\n"),
            ("crates/a/src/b.rs", "// B.\nfn b() {}\n"),
            ("crates/a/src/b/tests.rs", "use super::*;\n"),
            ("style/main.css", ""),
        ]);
        let found: Vec<_> = check(&tree).iter().map(ToString::to_string).collect();
        assert_eq!(
            found,
            [
                "crates/a/src/b.rs:1: has no module documentation: start with `//!` and say what belongs here"
            ]
        );
    }
}
