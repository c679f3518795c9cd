//! Which test binaries there are.

use std::fs;

use super::*;

#[test]
fn test_binaries_are_found_as_cargo_finds_them() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir_all(folder.path().join("api")).expect("made");
    fs::create_dir_all(folder.path().join("fixtures")).expect("made");
    for file in ["contract.rs", "api/main.rs", "fixtures/x.rs", "notes.md"] {
        fs::write(folder.path().join(file), "").expect("written");
    }
    let mut names = tests_in(folder.path()).expect("readable");
    names.sort();
    assert_eq!(names, ["api", "contract"]);
    assert!(
        tests_in(&folder.path().join("nowhere"))
            .expect("no folder, no tests")
            .is_empty()
    );
}

#[test]
fn the_api_tests_are_not_among_the_unit_tests() {
    let workspace = Workspace::find().expect("tests run inside it");
    assert!(
        !integration_tests(&workspace)
            .expect("readable")
            .contains(API)
    );
}
