//! The map against the land.

use super::*;

fn findings(map: &str) -> Vec<String> {
    let tree = Tree::of(&[
        (MAP, map),
        ("crates/core/src/rotation.rs", ""),
        ("crates/server/src/http/router.rs", ""),
        ("Cargo.toml", ""),
    ]);
    check(&tree).iter().map(ToString::to_string).collect()
}

#[test]
fn a_path_that_is_gone_is_found() {
    assert_eq!(
        findings("# Map\n\nSee `crates/core/src/rotation.rs`, `crates/core/src/gone.rs`.\n"),
        ["ARCHITECTURE.md:3: `crates/core/src/gone.rs` is not in the project: mend the map"]
    );
    assert_eq!(findings("`crates/old/`").len(), 1);
    assert_eq!(findings("`nowhere.rs`").len(), 1);
}

#[test]
fn folders_and_tails_are_found_too() {
    assert!(
        findings("`crates/core` `crates/core/` `rotation.rs` `http/router.rs` `http/`").is_empty()
    );
}

#[test]
fn what_is_no_path_is_left_alone() {
    let map = "`core::rotation` `POST /auth/token` `/api/me` `application/json` `cargo xtask run` \
               `crates/{core,types}` `state.sid` `latchkey.toml` `n/a`";
    assert_eq!(findings(map), Vec::<String>::new());
}

#[test]
fn a_project_without_a_map_is_told_so() {
    let found = check(&Tree::of(&[("Cargo.toml", "")]));
    assert_eq!(
        found[0].to_string(),
        "ARCHITECTURE.md:1: is missing: it is the map of the project"
    );
}
