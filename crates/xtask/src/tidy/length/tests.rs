//! Long files.

use super::*;

#[test]
fn a_long_file_is_found_and_generated_data_is_not() {
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
