//! `cargo xtask dev`: what `run` does, and again after each change of the sources.
//!
//! Changes are found by reading the files twice a second, which takes some milliseconds and works
//! in every file system, containers and network folders included. While a build fails, the server
//! of the last good build keeps running.

use std::process::Command;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::process::Guard;
use crate::stamp::Stamp;
use crate::workspace::Workspace;
use crate::{progress, run};

/// Files and folders that are watched.
const SOURCES: [&str; 5] = ["crates", "style", "public", "Cargo.toml", "Trunk.toml"];

/// How often the files are read.
const INTERVAL: Duration = Duration::from_millis(500);

/// Builds and starts the server, and does so again after each change, until Ctrl-C. That reaches
/// the server too, which is in the same process group.
pub(crate) fn run(workspace: &Workspace, serve_flags: &[String]) -> Result<()> {
    let mut server = None;
    loop {
        // Taken before the build: a file that is saved during it leads to another one.
        let built = sources(workspace);
        restart(&mut server, run::build(workspace, serve_flags))?;
        progress::note("watching crates, style and public; Ctrl-C ends this");
        while !has_changed(built.as_ref(), sources(workspace).as_ref()) {
            thread::sleep(INTERVAL);
            if let Some(status) = server.as_mut().and_then(Guard::ended) {
                progress::note(&format!(
                    "the server ended ({status}): save a file to restart it"
                ));
                server = None;
            }
        }
    }
}

/// Replaces the server by the one just built; leaves it alone if the build failed.
fn restart(server: &mut Option<Guard>, built: Result<Command>) -> Result<()> {
    match built {
        Ok(mut command) => {
            // First, as both use the same port and data directory.
            drop(server.take());
            let child = command.spawn();
            *server = Some(Guard(child.context("cannot start the server")?));
        }
        Err(error) => {
            let rest = match server {
                Some(_) => "the server of the last good build keeps running",
                None => "no server is running",
            };
            eprintln!("\nerror: {error:#}\n{rest}; save a file to build again");
        }
    }
    Ok(())
}

/// What the files hold; nothing while one of them is being replaced.
fn sources(workspace: &Workspace) -> Option<Stamp> {
    Stamp::of(workspace.root(), &SOURCES, &[]).ok()
}

/// Whether the files hold something else than what was built. Unreadable files are no change: they
/// are read again.
fn has_changed(built: Option<&Stamp>, now: Option<&Stamp>) -> bool {
    now.is_some() && now != built
}

#[cfg(test)]
mod tests {
    use std::fs;

    use anyhow::anyhow;

    use super::*;

    fn sleeper() -> Command {
        let mut command = Command::new("sleep");
        command.arg("600");
        command
    }

    fn id(server: Option<&Guard>) -> Option<u32> {
        server.map(|server| server.0.id())
    }

    #[test]
    fn a_failed_build_leaves_the_server_running_and_a_good_one_replaces_it() {
        let mut server = None;
        restart(&mut server, Err(anyhow!("a syntax error"))).expect("goes on");
        assert_eq!(id(server.as_ref()), None);
        restart(&mut server, Ok(sleeper())).expect("starts");
        let first = id(server.as_ref()).expect("it runs");
        restart(&mut server, Err(anyhow!("a syntax error"))).expect("goes on");
        assert_eq!(id(server.as_ref()), Some(first));
        assert!(server.as_mut().and_then(Guard::ended).is_none());
        restart(&mut server, Ok(sleeper())).expect("starts");
        assert_ne!(id(server.as_ref()), Some(first));
        let alive = Command::new("kill")
            .args(["-0", &first.to_string()])
            .output();
        assert!(
            !alive.expect("kill runs").status.success(),
            "the old one lives on"
        );
    }

    #[test]
    fn only_other_contents_are_a_change() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("main.css");
        let look = || Stamp::of(folder.path(), &["main.css"], &[]).ok();
        fs::write(&file, "a {}").expect("written");
        let built = look();
        fs::write(&file, "a {}").expect("written again");
        assert!(!has_changed(built.as_ref(), look().as_ref()));
        fs::write(&file, "b {}").expect("written");
        assert!(has_changed(built.as_ref(), look().as_ref()));
        assert!(!has_changed(built.as_ref(), None), "being replaced");
        assert!(has_changed(None, built.as_ref()));
    }
}
