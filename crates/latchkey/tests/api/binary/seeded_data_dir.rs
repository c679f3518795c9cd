//! A data directory with a session in its store.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::process::{RunningServer, arguments, latchkey, run_refused};

/// An address with a free port.
pub(super) const FREE_PORT: &str = "127.0.0.1:0";

/// A folder in which a server ran, opened a session, and stopped.
pub(super) struct SeededDataDir {
    pub(super) folder: TempDir,
    address: String,
    refresh_token: String,
}

impl SeededDataDir {
    pub(super) async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a directory");
        let server = RunningServer::start(&folder.path().join("data"));
        let refresh_token = server.caller.sign_in().await.refresh_token;
        let address = server.address().to_owned();
        server.stop();
        Self {
            folder,
            address,
            refresh_token,
        }
    }

    pub(super) fn data_dir(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Asserts that the next start is refused, and returns its error.
    pub(super) fn refused_start(&self) -> String {
        let data_dir = self.data_dir();
        run_refused(&mut latchkey(
            self.folder.path(),
            &arguments(&data_dir, FREE_PORT),
        ))
    }

    /// Asserts that the next start is refused and changes no file, and returns its error.
    pub(super) fn refused_start_changes_nothing(&self) -> String {
        let before = contents(&self.data_dir());
        let stderr = self.refused_start();
        let after = contents(&self.data_dir());
        for (path, bytes) in &before {
            let unchanged = after.get(path) == Some(bytes);
            assert!(unchanged, "{} was changed: {stderr}", path.display());
        }
        stderr
    }

    /// Asserts that the server starts and the session can be refreshed.
    pub(super) async fn assert_unharmed(&self) {
        let server = RunningServer::start_at(&self.data_dir(), &self.address);
        server.caller.refreshed(&self.refresh_token).await;
    }
}

/// All files below a folder, by path.
pub(super) fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files.extend(contents(&path));
        } else {
            files.insert(path.clone(), fs::read(&path).expect("read"));
        }
    }
    files
}

/// Asserts that the error is a single line that contains all of these parts.
#[track_caller]
pub(super) fn assert_one_line(stderr: &str, parts: &[&str]) {
    assert_mentions(stderr, parts);
    assert_eq!(stderr.trim_end().lines().count(), 1, "{stderr}");
}

/// Asserts that the error contains all of these parts.
pub(super) fn assert_mentions(stderr: &str, parts: &[&str]) {
    for part in parts {
        assert!(
            stderr.contains(part),
            "{stderr:?} does not contain {part:?}"
        );
    }
}
