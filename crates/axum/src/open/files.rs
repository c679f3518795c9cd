//! Creates files that only the server's user can read, atomically where the file system allows it.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use latchkey_core::{Rng, rng};

/// The path with this suffix appended to its file name.
pub fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}

/// Creates a new file that only its owner can read and write (mode 0600).
pub fn create_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Creates a file atomically: its content is on the disk before the file has its name. An existing
/// file is not changed. On a file system without hard links, the content is written after the file
/// has its name.
pub fn create_atomically(path: &Path, text: &str, rng: &dyn Rng) -> io::Result<()> {
    // Random, because two containers that share a volume can have the same process id.
    let suffix = u64::from_ne_bytes(rng::bytes(rng));
    let temporary = with_suffix(path, &format!(".new-{suffix:016x}"));
    let mut file = create_private(&temporary)?;
    let result = file
        .write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
        .and_then(|()| link(&temporary, path));
    fs::remove_file(&temporary)?;
    match result {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    if let Some(folder) = folder_of(path) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

/// The folder that contains a file. `Path::parent` of a bare file name is empty.
fn folder_of(path: &Path) -> Option<&Path> {
    let parent = path.parent()?;
    let is_bare = parent.as_os_str().is_empty();
    Some(if is_bare { Path::new(".") } else { parent })
}

/// Gives a file a second name, or copies it if that is not supported. Unlike a rename, this never
/// replaces an existing file.
fn link(temporary: &Path, path: &Path) -> io::Result<()> {
    match fs::hard_link(temporary, path) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(error),
        // Some file systems do not support hard links.
        Err(_) => {
            let text = fs::read(temporary)?;
            let mut file = create_private(path)?;
            file.write_all(&text)?;
            file.sync_all()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_file_name_is_in_the_current_folder() {
        for (path, folder) in [("a", "."), ("b/a", "b"), ("/a", "/")] {
            assert_eq!(
                folder_of(Path::new(path)),
                Some(Path::new(folder)),
                "{path}"
            );
        }
    }
}
