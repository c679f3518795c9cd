//! What belongs to the project and what does not.

use super::*;

#[test]
fn the_project_is_read_and_what_tools_made_is_not() {
    let folder = tempfile::tempdir().expect("a folder");
    for (path, bytes) in [
        ("src/a.rs", b"//! a".as_slice()),
        ("target/debug/x.rs", b""),
        ("end2end/node_modules/x.ts", b""),
        (".ci/run", b"#!/bin/sh"),
        ("icon.png", b"\x89PNG\xff"),
    ] {
        let file = folder.path().join(path);
        fs::create_dir_all(file.parent().expect("a parent")).expect("made");
        fs::write(file, bytes).expect("written");
    }
    let tree = Tree::read(folder.path()).expect("readable");
    assert_eq!(
        tree.paths().collect::<Vec<_>>(),
        [".ci/run", "icon.png", "src/a.rs"]
    );
    assert_eq!(tree.text("src/a.rs"), Some("//! a"));
    assert_eq!(tree.text("icon.png"), None, "not text");
}

#[test]
fn files_and_folders_are_held() {
    let tree = Tree::of(&[("crates/core/src/lib.rs", "")]);
    for path in ["crates/core/src/lib.rs", "crates/core", "crates/core/"] {
        assert!(tree.holds(path), "{path}");
    }
    assert!(!tree.holds("crates/cor"));
}

#[test]
fn tests_are_known_by_their_place() {
    assert!(is_test("crates/core/src/id/tests.rs"));
    assert!(is_test("crates/server/tests/api/main.rs"));
    assert!(!is_test("crates/server/src/http/contests.rs"));
}

#[test]
fn comments_are_no_code() {
    let lines: Vec<_> = code("a\n  // b\n/// c\nd").collect();
    assert_eq!(lines, [(1, "a"), (4, "d")]);
}
