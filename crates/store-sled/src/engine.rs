//! The engine: reads on the blocking pool, writes through the one writer.

use std::fs::File;
use std::io;

use latchkey_store::StoreError;
use latchkey_store::keyspace::{Engine, Pair, Transaction, View};

use crate::commits::Commits;
use crate::writer::Writer;

/// sled behind its one writer.
#[derive(Debug)]
pub struct Sled {
    db: sled::Db,
    writer: Writer,
}

impl Sled {
    pub(crate) fn start(db: sled::Db, sync: File, commits: Commits) -> io::Result<Self> {
        let writer = Writer::start(db.clone(), sync, commits)?;
        Ok(Self { db, writer })
    }
}

impl Engine for Sled {
    async fn write<T: Send + 'static>(
        &self,
        operation: impl FnOnce(&mut Transaction<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.writer.write(operation).await
    }

    async fn read<T: Send + 'static>(
        &self,
        operation: impl FnOnce(&dyn View) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let db = self.db.clone();
        tokio::task::spawn_blocking(move || operation(&Records(&db)))
            .await
            .map_err(|error| StoreError::Unavailable(error.to_string()))?
    }

    async fn health(&self) -> Result<(), StoreError> {
        self.writer.health()
    }
}

/// sled's tree as a view of the records.
pub(crate) struct Records<'a>(pub(crate) &'a sled::Db);

impl View for Records<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self
            .0
            .get(key)
            .map_err(unavailable)?
            .map(|value| value.to_vec()))
    }

    fn scan(&self, prefix: &[u8], limit: usize) -> Result<Vec<Pair>, StoreError> {
        self.0
            .scan_prefix(prefix)
            .take(limit)
            .map(|pair| {
                pair.map(|(key, value)| (key.to_vec(), value.to_vec()))
                    .map_err(unavailable)
            })
            .collect()
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it stands in `map_err`")]
pub(crate) fn unavailable(error: sled::Error) -> StoreError {
    StoreError::Unavailable(error.to_string())
}
