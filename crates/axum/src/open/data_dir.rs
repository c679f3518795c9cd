//! The data directory: where it keeps what, and that only the server's user can read it, whatever
//! the umask.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

/// Where the embedded store lives in a data directory.
pub fn store_path(data_dir: &Path) -> PathBuf {
    data_dir.join("store")
}

/// From now on this process creates files and sockets that only its own user can open.
pub fn keep_private() {
    #[cfg(unix)]
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
}

/// Creates the directory, or takes from an existing one the rights of other users.
pub fn make(data_dir: &Path) -> anyhow::Result<()> {
    let made = fs::create_dir_all(data_dir).and_then(|()| close(data_dir));
    made.with_context(|| {
        format!(
            "data_dir: {} cannot be created or made private; it must belong to the user that the \
             server runs as",
            data_dir.display()
        )
    })
}

#[cfg(unix)]
fn close(data_dir: &Path) -> std::io::Result<()> {
    if let Some(before) = make_private(data_dir)? {
        tracing::warn!(
            path = %data_dir.display(),
            before = format!("{before:o}"),
            "other users of this machine had access to the data directory; it is private now"
        );
    }
    // Nobody else comes as far as these, but a copy of them keeps their modes.
    let store = store_path(data_dir);
    for path in [store.join("db"), store.join("conf"), store] {
        make_private(&path)?;
    }
    Ok(())
}

/// Takes the rights of other users away. The rights that were there, if any were taken.
#[cfg(unix)]
fn make_private(path: &Path) -> std::io::Result<Option<u32>> {
    use std::os::unix::fs::PermissionsExt as _;

    let Ok(found) = fs::metadata(path) else {
        return Ok(None);
    };
    let before = found.permissions().mode() & 0o777;
    let private = before & 0o700;
    if before == private {
        return Ok(None);
    }
    match fs::set_permissions(path, fs::Permissions::from_mode(private)) {
        Ok(()) => Ok(Some(before)),
        // The root of a volume that a group was given. What is made in it is private all the same.
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
            tracing::warn!(
                path = %path.display(),
                mode = format!("{before:o}"),
                "it belongs to another user, so its mode stays as it is"
            );
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

#[cfg(not(unix))]
fn close(_: &Path) -> std::io::Result<()> {
    Ok(())
}
