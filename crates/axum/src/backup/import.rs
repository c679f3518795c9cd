//! Imports a backup in two passes: the first verifies all of it, the second writes it to the store.

use std::io::{self, BufRead};

use latchkey_core::SealedSigningKey;
use latchkey_store::{Record, Store, StoreError};
use latchkey_tokens::BackupKey;

use super::lines::{Chain, LineError};

/// How many records are written in one change.
const BATCH_SIZE: usize = 500;

/// Why a backup was not imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// A line is not valid.
    #[error("line {number}: {error}; nothing was imported")]
    Line {
        /// The line number, beginning at 1.
        number: u64,
        /// Why the line is not valid.
        error: LineError,
    },
    /// The two passes did not read the same backup.
    #[error(
        "the backup changed during the import, so the import is incomplete; empty the store and \
         import again"
    )]
    Changed,
    /// The backup cannot be read. Nothing was imported.
    #[error("cannot read the backup; nothing was imported")]
    Unreadable(#[from] io::Error),
    /// The backup could not be read a second time.
    #[error("cannot read the rest of the backup; empty the store and import again")]
    Interrupted(#[source] io::Error),
    /// The store already contains records.
    #[error("the store is not empty; import into a new store. Nothing was imported")]
    NotEmpty,
    /// The store failed before anything was written.
    #[error("nothing was imported")]
    NotStarted(#[source] StoreError),
    /// The store failed during the import.
    #[error("the import is incomplete; empty the store and import again")]
    Store(#[from] StoreError),
}

/// A backup that was verified.
#[derive(Debug)]
pub struct VerifiedBackup {
    /// The number of records.
    pub records: u64,
    /// The signing keys, still sealed with the master key.
    pub signing_keys: Vec<SealedSigningKey>,
    /// The state of the chain after the last line.
    chain: Chain,
}

impl VerifiedBackup {
    /// Whether the backup is authenticated, so that only a holder of the master key can have
    /// written it. Backups in format 1, which earlier versions wrote, are not: anyone can change
    /// them undetected.
    pub fn is_authenticated(&self) -> bool {
        self.chain.is_authenticated()
    }
}

/// Reads and verifies a whole backup.
///
/// # Errors
///
/// Returns an error if the backup is incomplete, was changed, or was made with another key.
pub fn verify(backup: impl BufRead, key: BackupKey) -> Result<VerifiedBackup, ImportError> {
    let mut chain = Chain::authenticated(key);
    let mut signing_keys = Vec::new();
    let mut last = 0;
    for (number, line) in (1..).zip(backup.lines()) {
        let line = line.map_err(|error| match error.kind() {
            io::ErrorKind::InvalidData => {
                let error = LineError::Unreadable("not UTF-8 text".to_owned());
                ImportError::Line { number, error }
            }
            _ => error.into(),
        })?;
        let record = chain.read(&line);
        let record = record.map_err(|error| ImportError::Line { number, error })?;
        if let Some(Record::SigningKey(key)) = record {
            signing_keys.push(key);
        }
        last = number;
    }
    let number = last + 1;
    let finished = chain.finished();
    Ok(VerifiedBackup {
        records: finished.map_err(|error| ImportError::Line { number, error })?,
        signing_keys,
        chain,
    })
}

/// Imports a verified backup. `progress` is called with the number of records imported so far.
///
/// # Errors
///
/// Returns an error if the store is not empty or fails, or if the backup cannot be read or has
/// changed since it was verified.
pub async fn import(
    backup: impl BufRead,
    key: BackupKey,
    verified: &VerifiedBackup,
    store: &dyn Store,
    mut progress: impl FnMut(u64),
) -> Result<(), ImportError> {
    let started = store.begin_import().await;
    if !started.map_err(ImportError::NotStarted)? {
        return Err(ImportError::NotEmpty);
    }
    let mut chain = Chain::authenticated(key);
    let mut batch = Vec::with_capacity(BATCH_SIZE);
    let mut done = 0;
    for line in backup.lines() {
        let record = chain.read(&line.map_err(ImportError::Interrupted)?);
        batch.extend(record.map_err(|_| ImportError::Changed)?);
        if batch.len() == BATCH_SIZE {
            done += BATCH_SIZE as u64;
            store.import(std::mem::take(&mut batch)).await?;
            progress(done);
        }
    }
    if !chain.has_read_same_lines_as(&verified.chain) {
        return Err(ImportError::Changed);
    }
    done += batch.len() as u64;
    store.import(batch).await?;
    progress(done);
    Ok(store.finish_import().await?)
}

#[cfg(test)]
mod tests {
    use latchkey_core::{StoreId, Timestamp};
    use latchkey_store::{Maintenance as _, MemoryStore};
    use latchkey_tokens::SystemRng;

    use super::*;
    use crate::backup::lines::tests::{backup, key};

    #[tokio::test]
    async fn a_backup_that_changes_between_the_passes_is_not_imported() {
        let whole = backup(200).concat();
        let verified = verify(whole.as_bytes(), key(1)).expect("valid");
        let cut = &whole[..whole.len() / 2];
        let cut = &cut[..=cut.rfind('\n').expect("a line")];
        let changed = whole.replacen("person-7@", "person-8@", 1);
        // A pipe can be read only once, so the second pass may find it empty.
        for second in ["", cut, &backup(3).concat(), &changed] {
            let store = MemoryStore::empty();
            let result = import(second.as_bytes(), key(1), &verified, &store, |_| ()).await;
            assert!(matches!(result, Err(ImportError::Changed)), "{result:?}");
            let id = StoreId::random(&SystemRng);
            let identified = store.identify(id, Timestamp::from_secs(1)).await;
            assert_eq!(identified, Err(StoreError::ImportIncomplete));
        }
        let store = MemoryStore::empty();
        let result = import(whole.as_bytes(), key(1), &verified, &store, |_| ()).await;
        assert!(result.is_ok(), "{result:?}");
    }
}
