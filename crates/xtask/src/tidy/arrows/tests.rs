//! An arrow that is not drawn is found, one that is drawn is not.

use super::*;

fn findings(name: &str, dependency: &str) -> Vec<String> {
    let path = format!("crates/{name}/Cargo.toml");
    let text = format!("[dependencies]\n{dependency}.workspace = true\n");
    let tree = Tree::of(&[(&path, &text)]);
    check(&tree).iter().map(ToString::to_string).collect()
}

#[test]
fn identity_must_not_depend_on_tokens() {
    assert_eq!(
        findings("identity", "latchkey-tokens"),
        [
            "crates/identity/Cargo.toml:2: `identity` must not depend on `tokens` (it may on: \
          core); what both need belongs in a crate below them"
        ]
    );
}

#[test]
fn the_bottom_depends_on_nothing_of_ours() {
    assert_eq!(findings("core", "latchkey-types").len(), 1);
    assert_eq!(findings("types", "latchkey-core").len(), 1);
    assert_eq!(findings("xtask", "latchkey-core").len(), 1);
    assert!(findings("core", "serde").is_empty());
}

#[test]
fn what_is_drawn_is_fine() {
    assert!(findings("server", "latchkey-store-sled").is_empty());
    assert!(findings("web", "latchkey-client").is_empty());
}

#[test]
fn a_crate_that_is_not_drawn_is_found() {
    let found = findings("extras", "serde");
    assert_eq!(found.len(), 1);
    assert!(found[0].starts_with("crates/extras/Cargo.toml:1: this crate is not drawn"));
}
