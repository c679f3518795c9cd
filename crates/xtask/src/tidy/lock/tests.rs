//! Pin and lock, apart and together.

use super::*;

fn findings(pin: &str, locked: &str) -> Vec<String> {
    let manifest = format!("[workspace.dependencies]\nwasm-bindgen = {pin}\n");
    let lock = format!("[[package]]\nname = \"wasm-bindgen\"\nversion = \"{locked}\"\n");
    let tree = Tree::of(&[("Cargo.toml", &manifest), ("Cargo.lock", &lock)]);
    check(&tree).iter().map(ToString::to_string).collect()
}

#[test]
fn the_same_version_is_fine() {
    assert!(findings("\"=0.2.130\"", "0.2.130").is_empty());
    assert!(findings("{ version = \"=0.2.130\" }", "0.2.130").is_empty());
}

#[test]
fn another_version_in_the_lock_is_found() {
    assert_eq!(
        findings("\"=0.2.130\"", "0.2.131"),
        ["Cargo.toml:2: pins wasm-bindgen 0.2.130, but Cargo.lock has 0.2.131"]
    );
}

#[test]
fn a_loose_pin_is_found() {
    assert_eq!(findings("\"0.2\"", "0.2.130").len(), 1);
}
