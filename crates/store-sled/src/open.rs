//! Opening a data directory, and the checks that it is complete.

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
/// The name of a file beside sled's, created with the first record. If it exists but the records do
/// not, they were lost: starting with an empty store would revive every revoked token.
const MARKER: &str = "latchkey.format";
/// The capacity of sled's cache, in bytes.
const CACHE_BYTES: u64 = 64 * 1024 * 1024;
/// The maximum size, in bytes, of a database file that is copied before sled opens it.
const MAX_COPY_BYTES: u64 = 256 * 1024 * 1024;

/// Why a directory cannot be opened as a store.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has opened it.
    #[error(
        "the store in {path} is in use by another process; stop that process, or use a different \
         data_dir"
    )]
    InUse {
        /// The directory.
        path: PathBuf,
    },
    /// An I/O error.
    #[error("the store in {path} cannot be opened: {source}")]
    Io {
        /// The directory.
        path: PathBuf,
        /// The I/O error.
        source: io::Error,
    },
    /// The files are damaged or incomplete.
    #[error("the store in {path} is damaged ({reason}); restore it from a backup")]
    Damaged {
        /// The directory.
        path: PathBuf,
        /// What is damaged.
        reason: String,
    },
    /// The files have an unsupported format.
    #[error("the store in {path} has format {found:?}, but this version supports only \"1\"")]
    Format {
        /// The directory.
        path: PathBuf,
        /// The format that was found.
        found: String,
    },
}

/// Opens the store in this directory, or creates it. sled tries to repair damaged files, and may
/// thereby make recovery impossible. So if the store is damaged, its database file is restored to
/// its previous content, unless it is larger than `MAX_COPY_BYTES`: then there is no copy.
pub fn open(path: &Path) -> Result<SledStore, OpenError> {
    let file = path.join("db");
    let is_small = fs::metadata(&file).is_ok_and(|file| file.len() <= MAX_COPY_BYTES);
    let before = is_small.then(|| fs::read(&file).ok()).flatten();
    let opened = open_checked(path);
    if let (Err(OpenError::Damaged { .. }), Some(before)) = (&opened, before)
        && fs::read(&file).is_ok_and(|after| after != before)
        && let Err(error) = fs::write(&file, before)
    {
        tracing::error!(%error, "cannot restore the file of the damaged store");
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
    let is_existing = marker.try_exists().map_err(io)?;
    let file = path.join("db");
    if is_existing && !file.try_exists().map_err(io)? {
        return Err(damaged("its file `db` is missing".to_owned()));
    }
    remove_unfinished_snapshots(path).map_err(io)?;
    // sled can panic while it reads damaged files. That must be reported as damage, not as a crash.
    let config = sled::Config::new()
        .path(path)
        .cache_capacity(CACHE_BYTES)
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
        Err(_) => return Err(damaged("sled panicked while reading it".to_owned())),
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
        None if is_existing || !db.is_empty() => {
            return Err(damaged("its records are missing".to_owned()));
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
        .map_err(|missing| damaged(format!("missing commits: {missing}")))?;
    let failed = |error: StoreError| damaged(error.to_string());
    let ledger = Ledger::compute(&db).map_err(failed)?;
    // A store of an earlier version has no ledger; the next change to a denial writes one.
    let expected = Ledger::read(&db).map_err(failed)?;
    if let Some(difference) = expected.and_then(|expected| expected.difference(&ledger)) {
        return Err(damaged(difference));
    }
    let state = WriterState {
        db,
        sync,
        commits,
        ledger,
    };
    SledStore::start(state, config).map_err(io)
}

/// Removes incomplete snapshots. sled writes a snapshot as `snap.….generating` and renames it when
/// it is complete. If the process was killed in between, sled 0.34.7 reads the incomplete file as
/// the newest snapshot and reports a damaged store. (It ignores only the suffix `.in___motion`,
/// which it no longer uses.) Nothing is lost: the log contains everything that a snapshot does.
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

/// sled wraps the error of a failed file lock; only the message still contains its kind.
fn is_locked(error: &io::Error) -> bool {
    error.kind() == ErrorKind::WouldBlock || error.to_string().contains("WouldBlock")
}

#[cfg(test)]
mod tests;
