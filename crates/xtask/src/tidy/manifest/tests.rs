//! Dependencies are found wherever a manifest can name them.

use super::*;

#[test]
fn every_section_counts() {
    let manifest = "[package]\nname = \"latchkey-web\"\n\n[dependencies]\n\
        latchkey-core.workspace = true\nalias = { package = \"sled\", version = \"0\" }\n\n\
        [dev-dependencies]\ntempfile.workspace = true\n\n\
        [target.'cfg(unix)'.build-dependencies]\ncc = \"1\"\n";
    let tree = Tree::of(&[
        ("crates/web/Cargo.toml", manifest),
        ("Cargo.toml", "[workspace]"),
    ]);
    let found: Vec<_> = dependencies(&tree)
        .into_iter()
        .map(|dep| (dep.on, dep.line))
        .collect();
    let expected = [
        ("sled", 1),
        ("latchkey-core", 5),
        ("tempfile", 9),
        ("cc", 12),
    ];
    assert_eq!(found, expected.map(|(name, line)| (name.to_owned(), line)));
}

#[test]
fn our_crates_are_those_under_crates() {
    let tree = Tree::of(&[
        ("crates/core/Cargo.toml", ""),
        ("crates/core/fuzz/Cargo.toml", ""),
    ]);
    assert_eq!(crates(&tree), ["core"]);
}
