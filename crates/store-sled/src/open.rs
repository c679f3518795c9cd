//! Opening a directory, or saying in one sentence why not.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use latchkey_store::StoreError;
use latchkey_store::table::FORMAT as FORMAT_KEY;

use crate::commits::Commits;
use crate::engine::SledStore;
use crate::ledger::Ledger;
use crate::writer::WriterState;

/// The format that this version writes and reads.
const FORMAT: &[u8] = b"1";
/// Stands beside sled's files once they hold records: if it is there and the records are not,
/// they were lost, and starting empty would bring every revoked token back to life.
const MARKER: &str = "latchkey.format";
/// How much of the records sled may keep in memory, in bytes.
const CACHE: u64 = 64 * 1024 * 1024;
/// Up to which size, in bytes, a file is kept aside while sled opens it.
const KEPT_ASIDE: u64 = 256 * 1024 * 1024;

/// A directory cannot be opened as a store.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it.
    #[error(
        "the store in {path} is in use by another process; stop that one, or give this one a \
         data_dir of its own"
    )]
    InUse {
        /// The directory.
        path: PathBuf,
    },
    /// The operating system says no.
    #[error("the store in {path} cannot be opened: {source}")]
    Io {
        /// The directory.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The files are there but damaged.
    #[error("the store in {path} is damaged ({reason}); restore it from a backup")]
    Damaged {
        /// The directory.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The files are of another version.
    #[error("the store in {path} has format {found:?}, this version reads format \"1\"")]
    Format {
        /// The directory.
        path: PathBuf,
        /// The format found.
        found: String,
    },
}

/// Opens the store in this directory; makes it if there is none. A damaged one is left as it was:
/// sled may have begun to mend it by then, which would be the end of what can be saved.
pub fn open(path: &Path) -> Result<SledStore, OpenError> {
    let file = path.join("db");
    let small = fs::metadata(&file).is_ok_and(|file| file.len() <= KEPT_ASIDE);
    let before = small.then(|| fs::read(&file).ok()).flatten();
    let opened = open_checked(path);
    if let (Err(OpenError::Damaged { .. }), Some(before)) = (&opened, before)
        && fs::read(&file).is_ok_and(|after| after != before)
        && let Err(error) = fs::write(&file, before)
    {
        tracing::error!(%error, "the damaged store cannot be put back as it was");
    }
    opened
}

fn open_checked(path: &Path) -> Result<SledStore, OpenError> {
    let io = |source| OpenError::Io {
        path: path.to_owned(),
        source,
    };
    let damaged = |reason: String| OpenError::Damaged {
        path: path.to_owned(),
        reason,
    };
    fs::create_dir_all(path).map_err(io)?;
    let marker = path.join(MARKER);
    let was_made = marker.try_exists().map_err(io)?;
    let file = path.join("db");
    if was_made && !file.try_exists().map_err(io)? {
        return Err(damaged("its file `db` is missing".to_owned()));
    }
    remove_unfinished_snapshots(path).map_err(io)?;
    // sled reads damaged files with code that can panic; that must not look like a crash of ours.
    let config = sled::Config::new()
        .path(path)
        .cache_capacity(CACHE)
        .flush_every_ms(None);
    let opened = catch_unwind(AssertUnwindSafe(|| config.open()));
    let db = match opened {
        Ok(Ok(db)) => db,
        Ok(Err(sled::Error::Io(error))) if is_locked(&error) => {
            return Err(OpenError::InUse {
                path: path.to_owned(),
            });
        }
        Ok(Err(sled::Error::Io(error))) => return Err(io(error)),
        Ok(Err(error)) => return Err(damaged(error.to_string())),
        Err(_) => return Err(damaged("sled cannot make sense of it".to_owned())),
    };
    let sync = File::open(&file).map_err(io)?;
    match db
        .get(FORMAT_KEY)
        .map_err(|error| damaged(error.to_string()))?
    {
        Some(found) if found == FORMAT => {}
        Some(found) => {
            let found = String::from_utf8_lossy(&found).into_owned();
            return Err(OpenError::Format {
                path: path.to_owned(),
                found,
            });
        }
        None if was_made || !db.is_empty() => {
            return Err(damaged("its records are gone".to_owned()));
        }
        None => {
            let failed = |error: sled::Error| damaged(error.to_string());
            db.insert(FORMAT_KEY, FORMAT).map_err(failed)?;
            db.flush().map_err(failed)?;
            sync.sync_data().map_err(io)?;
            fs::write(&marker, FORMAT).map_err(io)?;
            File::open(&marker)
                .and_then(|file| file.sync_all())
                .map_err(io)?;
            File::open(path)
                .and_then(|directory| directory.sync_all())
                .map_err(io)?;
        }
    }
    let commits = Commits::open(path, &db)
        .map_err(io)?
        .map_err(|missing| damaged(format!("its last {missing} acknowledged changes are gone")))?;
    let failed = |error: StoreError| damaged(error.to_string());
    let ledger = Ledger::add_up(&db).map_err(failed)?;
    // A store of before the ledger has none; it gets one with its next denial.
    let written = Ledger::read(&db).map_err(failed)?;
    if let Some(wrong) = written.and_then(|written| written.compare(&ledger)) {
        return Err(damaged(wrong));
    }
    let state = WriterState {
        db,
        sync,
        commits,
        ledger,
    };
    SledStore::start(state, config).map_err(io)
}

/// sled writes a snapshot as `snap.….generating` and renames it when it is whole. sled 0.34.7 takes
/// what a kill left of one for the newest snapshot, and the store for damaged (it passes over
/// `.in___motion`, a name it no longer uses). All that a snapshot says is in the log as well.
fn remove_unfinished_snapshots(path: &Path) -> io::Result<()> {
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with("snap.") && name.ends_with(".generating") {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// sled gives its lock's failure as an error of its own making, with the system's in the text.
fn is_locked(error: &io::Error) -> bool {
    error.kind() == ErrorKind::WouldBlock || error.to_string().contains("WouldBlock")
}

#[cfg(test)]
mod tests;
