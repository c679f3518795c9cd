//! Reading a backup: first all of it, to see whether it is whole, then into the store.

use std::io::{self, BufRead};

use latchkey_core::SealedSigningKey;
use latchkey_store::{Record, Store, StoreError};
use latchkey_tokens::BackupKey;

use super::lines::{Chain, LineError};

/// How many records make one change.
const AT_ONCE: usize = 500;

/// A backup was not taken over.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// A line is wrong.
    #[error("line {number}: {error}; nothing was imported")]
    Line {
        /// Which, the first is 1.
        number: u64,
        /// What is wrong with it.
        error: LineError,
    },
    /// At its second reading it was not what it was at the first.
    #[error(
        "it changed while it was read, so the import did not come to its end; empty the store and \
         import once more"
    )]
    Changed,
    /// It cannot be read.
    #[error("it cannot be read: {0}")]
    Io(#[from] io::Error),
    /// There are records already.
    #[error("the store is not empty; an import is for a new one. Nothing was imported")]
    NotEmpty,
    /// The store failed before anything was written.
    #[error("nothing was imported")]
    NotBegun(#[source] StoreError),
    /// The store failed on the way.
    #[error("the import did not come to its end; empty the store and import once more")]
    Store(#[from] StoreError),
}

/// A backup that is whole.
#[derive(Debug)]
pub struct Examined {
    /// How many records it holds.
    pub records: u64,
    /// Its signing keys, to be opened with the master key.
    pub signing_keys: Vec<SealedSigningKey>,
    /// All of it, as its last line sums it up.
    whole: Chain,
}

impl Examined {
    /// Whether only the owner of the master key can have written it. Backups of versions that did
    /// not authenticate them can be changed by whoever holds the file.
    pub fn is_authenticated(&self) -> bool {
        self.whole.is_authenticated()
    }
}

/// Reads all of a backup, and says what is wrong if it is not whole, or not made with this key.
pub fn examine(backup: impl BufRead, key: BackupKey) -> Result<Examined, ImportError> {
    let mut chain = Chain::authenticated(key);
    let mut signing_keys = Vec::new();
    let mut last = 0;
    for (number, line) in (1..).zip(backup.lines()) {
        let line = line.map_err(|error| match error.kind() {
            io::ErrorKind::InvalidData => {
                let error = LineError::Unreadable("it is no text".to_owned());
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
    Ok(Examined {
        records: finished.map_err(|error| ImportError::Line { number, error })?,
        signing_keys,
        whole: chain,
    })
}

/// Takes over a backup that was examined, and tells how many records are there so far.
pub async fn import(
    backup: impl BufRead,
    key: BackupKey,
    examined: &Examined,
    store: &dyn Store,
    mut tell: impl FnMut(u64),
) -> Result<(), ImportError> {
    let begun = store.begin_import().await;
    if !begun.map_err(ImportError::NotBegun)? {
        return Err(ImportError::NotEmpty);
    }
    let mut chain = Chain::authenticated(key);
    let mut some = Vec::with_capacity(AT_ONCE);
    let mut done = 0;
    for line in backup.lines() {
        let record = chain.read(&line?);
        some.extend(record.map_err(|_| ImportError::Changed)?);
        if some.len() == AT_ONCE {
            done += AT_ONCE as u64;
            store.import(std::mem::take(&mut some)).await?;
            tell(done);
        }
    }
    if !chain.is(&examined.whole) {
        return Err(ImportError::Changed);
    }
    done += some.len() as u64;
    store.import(some).await?;
    tell(done);
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
    async fn a_backup_that_is_another_at_its_second_reading_is_not_taken_for_imported() {
        let whole = backup(200).concat();
        let examined = examine(whole.as_bytes(), key(1)).expect("it is whole");
        let cut = &whole[..whole.len() / 2];
        let cut = &cut[..=cut.rfind('\n').expect("a line")];
        let changed = whole.replacen("person-7@", "person-8@", 1);
        // A pipe is read to its end once.
        for second in ["", cut, &backup(3).concat(), &changed] {
            let store = MemoryStore::empty();
            let done = import(second.as_bytes(), key(1), &examined, &store, |_| ()).await;
            assert!(matches!(done, Err(ImportError::Changed)), "{done:?}");
            let id = StoreId::random(&SystemRng);
            let served = store.identify(id, Timestamp::from_secs(1)).await;
            assert_eq!(served, Err(StoreError::ImportIncomplete));
        }
        let store = MemoryStore::empty();
        let done = import(whole.as_bytes(), key(1), &examined, &store, |_| ()).await;
        assert!(done.is_ok(), "{done:?}");
    }
}
