//! Which `wasm-opt` is good.

use super::*;

#[test]
fn only_the_pinned_version_is_good() {
    assert!(is_version("wasm-opt version 132 (version_132)", "132"));
    assert!(is_version("wasm-opt version 132", "132"));
    assert!(!is_version("wasm-opt version 108", "132"));
    assert!(!is_version("", "132"));
}

#[test]
fn the_pin_of_this_workspace_is_past_the_broken_one() {
    let workspace = Workspace::find().expect("tests run inside it");
    let pinned: u32 = pinned(&workspace)
        .expect("pinned")
        .parse()
        .expect("a number");
    assert!(pinned > 108);
}
