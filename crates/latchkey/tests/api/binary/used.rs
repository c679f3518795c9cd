//! A data directory with something to lose.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::process::{Running, arguments, latchkey, refused};

/// A free port.
pub(super) const FREE: &str = "127.0.0.1:0";

/// A folder in which a server ran and stopped, with a session in its store.
pub(super) struct Used {
    pub(super) folder: TempDir,
    address: String,
    refresh_token: String,
}

impl Used {
    pub(super) async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a directory");
        let server = Running::start(&folder.path().join("data"));
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

    /// The next start is refused; what it says.
    pub(super) fn start_is_refused(&self) -> String {
        let data_dir = self.data_dir();
        refused(&mut latchkey(
            self.folder.path(),
            &arguments(&data_dir, FREE),
        ))
    }

    /// The next start is refused and leaves every file as it is; what it says.
    pub(super) fn start_is_refused_untouched(&self) -> String {
        let before = contents(&self.data_dir());
        let said = self.start_is_refused();
        let after = contents(&self.data_dir());
        for (path, bytes) in &before {
            let kept = after.get(path) == Some(bytes);
            assert!(kept, "{} was changed: {said}", path.display());
        }
        said
    }

    /// With everything as it was, the session is there again.
    pub(super) async fn is_unharmed(&self) {
        let server = Running::over(&self.data_dir(), &self.address);
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

/// One sentence with all of these in it.
#[track_caller]
pub(super) fn says(said: &str, parts: &[&str]) {
    mentions(said, parts);
    assert_eq!(said.trim_end().lines().count(), 1, "{said}");
}

/// What was said contains each of these, on however many lines.
pub(super) fn mentions(said: &str, parts: &[&str]) {
    for part in parts {
        assert!(said.contains(part), "{said:?} does not say {part:?}");
    }
}
