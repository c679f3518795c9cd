//! The data directory: its layout, and its permissions, which deny access to other users whatever
//! the umask.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

/// The path of the embedded store in a data directory.
pub fn store_path(data_dir: &Path) -> PathBuf {
    data_dir.join("store")
}

/// Sets the umask, so that only the user of this process can open the files and sockets it creates.
pub fn keep_private() {
    #[cfg(unix)]
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
}

/// Creates the directory, or removes the permissions of other users from an existing one.
pub fn create_private(data_dir: &Path) -> anyhow::Result<()> {
    let created = fs::create_dir_all(data_dir).and_then(|()| restrict(data_dir));
    created.with_context(|| {
        format!(
            "data_dir: cannot create {} or restrict its permissions; it must belong to the user \
             that runs the server",
            data_dir.display()
        )
    })
}

#[cfg(unix)]
fn restrict(data_dir: &Path) -> std::io::Result<()> {
    if let Some(before) = make_private(data_dir)? {
        tracing::warn!(
            path = %data_dir.display(),
            before = format!("{before:o}"),
            "other users had access to the data directory; their permissions were removed"
        );
    }
    // Other users cannot reach the store's files here, but copies of them could keep the modes.
    let store = store_path(data_dir);
    for path in [store.join("db"), store.join("conf"), store] {
        make_private(&path)?;
    }
    Ok(())
}

/// Removes the permissions of other users. Returns the previous mode if it changed.
#[cfg(unix)]
fn make_private(path: &Path) -> std::io::Result<Option<u32>> {
    use std::os::unix::fs::PermissionsExt as _;

    let Ok(metadata) = fs::metadata(path) else {
        return Ok(None);
    };
    let before = metadata.permissions().mode() & 0o777;
    let private = before & 0o700;
    if before == private {
        return Ok(None);
    }
    match fs::set_permissions(path, fs::Permissions::from_mode(private)) {
        Ok(()) => Ok(Some(before)),
        // The directory can be the root of a volume that belongs to another user and gives access
        // to a group. New files in it are private anyway.
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
            tracing::warn!(
                path = %path.display(),
                mode = format!("{before:o}"),
                "cannot restrict the mode: the directory belongs to another user"
            );
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

#[cfg(not(unix))]
fn restrict(_: &Path) -> std::io::Result<()> {
    Ok(())
}
