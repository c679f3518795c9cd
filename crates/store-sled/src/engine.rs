//! The engine: reads on the blocking pool, writes through the one writer.

use std::io;

use latchkey_store::StoreError;
use latchkey_store::keyspace::{self, Engine, Pair, Transaction, View};

use crate::error::unavailable;
use crate::stuck::Rescue;
use crate::writer::{Book, Writer};

/// sled behind its one writer.
#[derive(Debug)]
pub struct Sled {
    db: sled::Db,
    writer: Writer,
    _rescue: Rescue,
}

impl Sled {
    /// `config` is the one that the records were opened with.
    pub(crate) fn start(book: Book, config: sled::Config) -> io::Result<Self> {
        let db = book.db.clone();
        let writer = Writer::start(book)?;
        let rescue = Rescue::start(db.clone(), config)?;
        Ok(Self {
            db,
            writer,
            _rescue: rescue,
        })
    }
}

impl Engine for Sled {
    async fn write<T: Send + 'static>(
        &self,
        operation: impl Fn(&mut Transaction<'_>) -> Result<T, StoreError> + Send + Sync + 'static,
    ) -> Result<T, StoreError> {
        self.writer.write(operation).await
    }

    async fn read<T: Send + 'static>(
        &self,
        operation: impl Fn(&dyn View) -> Result<T, StoreError> + Send + Sync + 'static,
    ) -> Result<T, StoreError> {
        let db = self.db.clone();
        let read = tokio::task::spawn_blocking(move || operation(&Records(&db))).await;
        let read = read.unwrap_or_else(|error| {
            // sled can panic; at the end of the process nobody waits for an answer.
            let reason = error.to_string();
            Err(if error.is_panic() {
                StoreError::Stopped(reason)
            } else {
                StoreError::Unavailable(reason)
            })
        });
        if let Err(StoreError::Stopped(reason)) = &read {
            self.writer.fail(reason);
        }
        read
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

    fn page(
        &self,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Pair>, StoreError> {
        let mut pairs = Vec::new();
        let range = self.0.range::<&[u8], _>(keyspace::from(prefix, after));
        for pair in range.take(limit) {
            let (key, value) = pair.map_err(unavailable)?;
            if !key.starts_with(prefix) {
                break;
            }
            pairs.push((key.to_vec(), value.to_vec()));
        }
        Ok(pairs)
    }
}
