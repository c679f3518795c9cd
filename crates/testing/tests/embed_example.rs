//! Builds and tests the example crate of `docs/embed.md` in a separate workspace.

use std::fs;
use std::path::Path;
use std::process::Command;

/// The code blocks in this language in a Markdown document.
fn blocks<'a>(text: &'a str, language: &str) -> Vec<&'a str> {
    let opening = format!("\n```{language}\n");
    let inside = text.split(&*opening).skip(1);
    inside
        .map(|rest| rest.split_once("\n```").expect("the end of the block").0)
        .collect()
}

#[test]
fn example_crate_of_the_manual_builds_and_passes_its_test() {
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let project = project.canonicalize().expect("the project");
    let manual = fs::read_to_string(project.join("docs/embed.md")).expect("the manual");
    let ([manifest], [main]) = (&blocks(&manual, "toml")[..], &blocks(&manual, "rust")[..]) else {
        panic!("docs/embed.md must contain exactly one manifest and one program");
    };
    let lines = main.lines().count();
    assert!(lines <= 40, "the example has {lines} lines, more than 40");

    // In the target directory, so that a second run reuses the build.
    let place = project.join("target/embed-example");
    let folder = place.join("hello");
    fs::create_dir_all(folder.join("src")).expect("a directory");
    let crates = project.join("crates").display().to_string();
    let manifest = manifest.replace("../latchkey/crates", &crates);
    // A separate workspace, because the directory is inside this workspace.
    let manifest = format!("{manifest}\n\n[workspace]\n");
    fs::write(folder.join("Cargo.toml"), manifest).expect("written");
    fs::write(folder.join("src/main.rs"), format!("{main}\n")).expect("written");
    // The same versions as in this workspace, so that nothing is downloaded.
    fs::copy(project.join("Cargo.lock"), folder.join("Cargo.lock")).expect("copied");

    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .args(["test", "--offline", "--color=never"])
        .current_dir(&folder)
        .env("CARGO_TARGET_DIR", place.join("target"))
        // Builds faster.
        .env("CARGO_PROFILE_DEV_DEBUG", "false")
        .env_remove("RUSTFLAGS");
    let output = cargo.output().expect("cargo starts");
    let printed = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{printed}\n{errors}");
    assert!(printed.contains("1 passed; 0 failed"), "{printed}");
}
