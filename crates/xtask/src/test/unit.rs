//! Unit, integration and documentation tests of the host crates.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use super::count::Count;
use crate::process;
use crate::tools::databases;
use crate::workspace::Workspace;

/// The test binary of the parts `api` and `crash`, which the part `unit` skips.
pub(crate) const API: &str = "api";

/// Runs unit and integration tests except those of the API, then the documentation tests.
pub(crate) fn run(workspace: &Workspace, args: &[String]) -> Result<Count> {
    databases::ensure()?;
    let mut selection = vec!["--lib".to_owned(), "--bins".to_owned()];
    for name in integration_tests(workspace)? {
        selection.extend(["--test".to_owned(), name]);
    }
    let mut count = Count::default();
    let tests = cargo_test(workspace, &selection, args, &mut count);
    let examples = cargo_test(workspace, &["--doc".to_owned()], args, &mut count);
    tests.and(examples).map(|()| count)
}

/// Runs `cargo test` for all members of the workspace and counts the tests.
///
/// Never `--all-features`: that would unify the features `ssr` and `hydrate`.
pub(crate) fn cargo_test(
    workspace: &Workspace,
    selection: &[String],
    args: &[String],
    count: &mut Count,
) -> Result<()> {
    process::run_watched(&mut command(workspace, selection, args), |line| {
        count.add_cargo_line(line);
    })
}

/// The `cargo test` command.
pub(super) fn command(workspace: &Workspace, selection: &[String], args: &[String]) -> Command {
    let mut command = workspace.cargo();
    command
        .args(["test", "--no-fail-fast"])
        .args(selection)
        .arg("--")
        .args(args);
    command
}

/// The names of all integration test binaries of the workspace's members, except the API's.
fn integration_tests(workspace: &Workspace) -> Result<BTreeSet<String>> {
    let manifest = workspace.read_toml("Cargo.toml")?;
    let members = manifest
        .get("workspace")
        .and_then(|workspace| workspace.get("members"))
        .and_then(|members| members.as_array())
        .context("Cargo.toml has no workspace.members")?;
    let mut names = BTreeSet::new();
    for member in members.iter().filter_map(|member| member.as_str()) {
        names.extend(tests_in(&workspace.path(member).join("tests"))?);
    }
    names.remove(API);
    Ok(names)
}

/// The test binaries that cargo finds: `NAME.rs` and `NAME/main.rs`.
fn tests_in(folder: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    if !folder.is_dir() {
        return Ok(names);
    }
    let unreadable = || format!("cannot read {}", folder.display());
    for entry in folder.read_dir().with_context(unreadable)? {
        let path = entry.with_context(unreadable)?.path();
        let is_test =
            path.extension().is_some_and(|ext| ext == "rs") || path.join("main.rs").is_file();
        if let (true, Some(name)) = (is_test, path.file_stem()) {
            names.push(name.to_string_lossy().into_owned());
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn test_binaries_are_found_as_cargo_finds_them() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir_all(folder.path().join("api")).expect("created");
        fs::create_dir_all(folder.path().join("fixtures")).expect("created");
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
        let workspace = Workspace::find().expect("tests run inside the workspace");
        assert!(
            !integration_tests(&workspace)
                .expect("readable")
                .contains(API)
        );
    }
}
