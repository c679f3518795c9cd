//! A program counts only in the exact version and with its companions beside it.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::*;

fn tool() -> CargoTool {
    CargoTool {
        package: "needle-cli",
        version: "1.2.3".to_owned(),
        programs: &["needle", "needle-runner"],
        locked: false,
        patience: "no time",
    }
}

fn program(folder: &Path, name: &str, says: &str) {
    let path = folder.join(name);
    fs::write(&path, format!("#!/bin/sh\necho '{says}'\n")).expect("written");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("executable");
}

#[test]
fn the_exact_version_is_found() {
    let folder = tempfile::tempdir().expect("a folder");
    program(folder.path(), "needle", "needle 1.2.3 (abcdef0)");
    program(folder.path(), "needle-runner", "");
    assert!(tool().is_in(folder.path()));
}

#[test]
fn another_version_is_not_taken() {
    let folder = tempfile::tempdir().expect("a folder");
    program(folder.path(), "needle", "needle 1.2.30");
    program(folder.path(), "needle-runner", "");
    assert!(!tool().is_in(folder.path()));
}

#[test]
fn a_lone_program_without_its_companion_is_not_taken() {
    let folder = tempfile::tempdir().expect("a folder");
    program(folder.path(), "needle", "needle 1.2.3");
    assert!(!tool().is_in(folder.path()));
}

#[test]
fn the_build_folder_is_made_once_and_removed() {
    let build_dir = BuildDir::default();
    let first = build_dir.path().expect("made").to_owned();
    assert_eq!(build_dir.path().expect("kept"), first);
    assert!(first.is_dir());
    drop(build_dir);
    assert!(!first.exists());
}
