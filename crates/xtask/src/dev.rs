//! `cargo xtask dev`: like `run`, but rebuilds and restarts after each change to the sources.
//!
//! Changes are detected by reading the files twice a second. This takes a few milliseconds and
//! works on every file system, including containers and network mounts. If a build fails, the
//! server from the last successful build keeps running.

use std::process::Command;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::fingerprint::Fingerprint;
use crate::process::Guard;
use crate::workspace::Workspace;
use crate::{progress, run};

/// The watched files and directories.
const SOURCES: [&str; 5] = ["crates", "style", "public", "Cargo.toml", "Trunk.toml"];

/// How often the files are read.
const INTERVAL: Duration = Duration::from_millis(500);

/// Builds and starts the server, and repeats this after each change, until Ctrl-C. The server is in
/// the same process group, so it receives Ctrl-C, too.
pub(crate) fn run(workspace: &Workspace, serve_flags: &[String]) -> Result<()> {
    let mut server = None;
    loop {
        // Read before the build, so that a file saved during the build triggers another one.
        let built = sources(workspace);
        restart(&mut server, run::build(workspace, serve_flags))?;
        progress::note("watching the sources; press Ctrl-C to stop");
        while !has_changed(built.as_ref(), sources(workspace).as_ref()) {
            thread::sleep(INTERVAL);
            if let Some(status) = server.as_mut().and_then(Guard::ended) {
                progress::note(&format!(
                    "the server exited ({status}): save a file to restart it"
                ));
                server = None;
            }
        }
    }
}

/// Replaces the running server with the new build. If the build failed, the server keeps running.
fn restart(server: &mut Option<Guard>, built: Result<Command>) -> Result<()> {
    match built {
        Ok(mut command) => {
            // Stop the old server first: both use the same port and data directory.
            drop(server.take());
            let child = command.spawn();
            *server = Some(Guard(child.context("cannot start the server")?));
        }
        Err(error) => {
            let rest = match server {
                Some(_) => "the server from the last successful build keeps running",
                None => "no server is running",
            };
            eprintln!("\nerror: {error:#}\n{rest}; save a file to build again");
        }
    }
    Ok(())
}

/// The fingerprint of the sources. `None` while a file is being replaced.
fn sources(workspace: &Workspace) -> Option<Fingerprint> {
    Fingerprint::of(workspace.root(), &SOURCES, &[]).ok()
}

/// Whether the sources differ from those of the last build. Unreadable files do not count as a
/// change; they are read again later.
fn has_changed(built: Option<&Fingerprint>, now: Option<&Fingerprint>) -> bool {
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
    fn a_failed_build_keeps_the_server_and_a_successful_one_replaces_it() {
        let mut server = None;
        restart(&mut server, Err(anyhow!("a syntax error")))
            .expect("a failed build is not an error");
        assert_eq!(id(server.as_ref()), None);
        restart(&mut server, Ok(sleeper())).expect("starts");
        let first = id(server.as_ref()).expect("it runs");
        restart(&mut server, Err(anyhow!("a syntax error")))
            .expect("a failed build is not an error");
        assert_eq!(id(server.as_ref()), Some(first));
        assert!(server.as_mut().and_then(Guard::ended).is_none());
        restart(&mut server, Ok(sleeper())).expect("starts");
        assert_ne!(id(server.as_ref()), Some(first));
        let alive = Command::new("kill")
            .args(["-0", &first.to_string()])
            .output();
        assert!(
            !alive.expect("kill runs").status.success(),
            "the old server is still running"
        );
    }

    #[test]
    fn only_different_contents_are_a_change() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("main.css");
        let read = || Fingerprint::of(folder.path(), &["main.css"], &[]).ok();
        fs::write(&file, "a {}").expect("written");
        let built = read();
        fs::write(&file, "a {}").expect("written again");
        assert!(!has_changed(built.as_ref(), read().as_ref()));
        fs::write(&file, "b {}").expect("written");
        assert!(has_changed(built.as_ref(), read().as_ref()));
        assert!(!has_changed(built.as_ref(), None), "being replaced");
        assert!(has_changed(None, built.as_ref()));
    }
}
