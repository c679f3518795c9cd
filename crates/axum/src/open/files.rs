//! Files for the server's user alone, found whole or not at all.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use latchkey_core::{Rng, rng};

/// The same path with more at its end.
pub fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}

/// A new file that its owner alone can read.
pub fn private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Creates a file as a whole, on the disk before it has its name: half of it must never be found.
/// One that is there already stays as it is.
pub fn create_whole(path: &Path, text: &str, rng: &dyn Rng) -> io::Result<()> {
    // Two containers over one volume can have the same process id.
    let suffix = u64::from_ne_bytes(rng::bytes(rng));
    let fresh = beside(path, &format!(".new-{suffix:016x}"));
    let mut file = private(&fresh)?;
    let written = file
        .write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
        .and_then(|()| name(&fresh, path));
    fs::remove_file(&fresh)?;
    match written {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    if let Some(folder) = path.parent() {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

/// Gives a file a second name, which unlike a rename never replaces what has it.
fn name(fresh: &Path, path: &Path) -> io::Result<()> {
    match fs::hard_link(fresh, path) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(error),
        // Some file systems know one name for a file only.
        Err(_) => {
            let text = fs::read(fresh)?;
            let mut file = private(path)?;
            file.write_all(&text)?;
            file.sync_all()
        }
    }
}
