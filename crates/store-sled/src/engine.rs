//! The engine: reads on the blocking pool, writes through the one writer.

use std::cell::Cell;
use std::io;
use std::sync::Arc;

use latchkey_store::StoreError;
use latchkey_store::keyspace::{self, Engine, Pair, Transaction, View};

use crate::commits;
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
        let operation = Arc::new(operation);
        let one = Arc::clone(&operation);
        let read = tokio::task::spawn_blocking(move || read_undisturbed(&db, &*one)).await;
        let read = match read {
            Ok(Some(read)) => Ok(read),
            // Changes came in between each time: the writer makes none while it reads.
            Ok(None) => return self.writer.write(move |tx| operation(tx)).await,
            Err(error) => Err(error),
        };
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

/// How often a read is tried beside the writer.
const MAX_READS: usize = 3;

/// Reads beside the writer; `None` if it changed records between one look and the next each time.
fn read_undisturbed<T>(
    db: &sled::Db,
    operation: &impl Fn(&dyn View) -> Result<T, StoreError>,
) -> Option<Result<T, StoreError>> {
    let commits = || db.get(commits::KEY).map_err(unavailable);
    let before_and_after = || {
        let view = Counted {
            records: Records(db),
            looks: Cell::new(0),
        };
        let before = commits()?;
        let read = operation(&view)?;
        let undisturbed = view.looks.get() <= 1 || commits()? == before;
        Ok(undisturbed.then_some(read))
    };
    for _ in 0..MAX_READS {
        match before_and_after() {
            Ok(None) => {}
            Ok(Some(read)) => return Some(Ok(read)),
            Err(error) => return Some(Err(error)),
        }
    }
    None
}

/// The records, and how often they were looked at.
struct Counted<'a> {
    records: Records<'a>,
    looks: Cell<usize>,
}

impl View for Counted<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.looks.set(self.looks.get() + 1);
        self.records.get(key)
    }

    fn page(
        &self,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Pair>, StoreError> {
        self.looks.set(self.looks.get() + 1);
        self.records.page(prefix, after, limit)
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
