//! The crate of `docs/embed.md`, built and tested outside of this workspace as a newcomer would.

use std::fs;
use std::path::Path;
use std::process::Command;

/// The code blocks of one language in a Markdown text.
fn blocks<'a>(text: &'a str, language: &str) -> Vec<&'a str> {
    let opening = format!("\n```{language}\n");
    let inside = text.split(&*opening).skip(1);
    inside
        .map(|rest| rest.split_once("\n```").expect("an end of the block").0)
        .collect()
}

#[test]
fn the_crate_of_the_manual_protects_a_route_and_passes_its_test() {
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let project = project.canonicalize().expect("the project");
    let manual = fs::read_to_string(project.join("docs/embed.md")).expect("the manual");
    let ([manifest], [main]) = (&blocks(&manual, "toml")[..], &blocks(&manual, "rust")[..]) else {
        panic!("docs/embed.md has one manifest and one program");
    };
    let lines = main.lines().count();
    assert!(
        lines <= 40,
        "{lines} lines are more than half an hour's work"
    );

    // Below the target folder, so that a second run builds nothing.
    let place = project.join("target/stranger");
    let folder = place.join("hello");
    fs::create_dir_all(folder.join("src")).expect("a folder");
    let crates = project.join("crates").display().to_string();
    let manifest = manifest.replace("../latchkey/crates", &crates);
    // A workspace of its own: the folder lies inside ours.
    let manifest = format!("{manifest}\n\n[workspace]\n");
    fs::write(folder.join("Cargo.toml"), manifest).expect("written");
    fs::write(folder.join("src/main.rs"), format!("{main}\n")).expect("written");
    // The versions that were built already: nothing is downloaded.
    fs::copy(project.join("Cargo.lock"), folder.join("Cargo.lock")).expect("copied");

    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .args(["test", "--offline", "--color=never"])
        .current_dir(&folder)
        .env("CARGO_TARGET_DIR", place.join("target"))
        // Quicker to build, and nobody debugs it.
        .env("CARGO_PROFILE_DEV_DEBUG", "false")
        .env_remove("RUSTFLAGS");
    let output = cargo.output().expect("cargo starts");
    let printed = String::from_utf8_lossy(&output.stdout);
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{printed}\n{told}");
    assert!(printed.contains("1 passed; 0 failed"), "{printed}");
}
