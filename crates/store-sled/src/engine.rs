//! The engine: reads run on the blocking pool, writes on the writer thread.

use std::io;
use std::sync::Arc;

use latchkey_store::StoreError;
use latchkey_store::engine::{Engine, Operation, run_in_place};
use latchkey_store::table::SLED_COMMITS;
use latchkey_store::transaction::Tx;

use crate::error::stopped;
use crate::flush_watchdog::FlushWatchdog;
use crate::records::Records;
use crate::writer::{Writer, WriterState};

/// The embedded store: sled with a single writer thread.
#[derive(Debug)]
pub struct SledStore {
    db: sled::Db,
    writer: Writer,
    _watchdog: FlushWatchdog,
}

impl SledStore {
    /// Starts the writer thread and the watchdog. `config` must be the one that the database was
    /// opened with.
    pub(crate) fn start(state: WriterState, config: sled::Config) -> io::Result<Self> {
        let db = state.db.clone();
        let writer = Writer::start(state)?;
        let watchdog = FlushWatchdog::start(db.clone(), config)?;
        Ok(Self {
            db,
            writer,
            _watchdog: watchdog,
        })
    }
}

impl Engine for SledStore {
    async fn write<A: Send + Sync + 'static, T: Send + 'static>(
        &self,
        arguments: A,
        operation: Operation<A, T>,
    ) -> Result<T, StoreError> {
        self.writer.write(Arc::new(arguments), operation).await
    }

    async fn read<A: Send + Sync + 'static, T: Send + 'static>(
        &self,
        arguments: A,
        operation: Operation<A, T>,
    ) -> Result<T, StoreError> {
        let db = self.db.clone();
        let arguments = Arc::new(arguments);
        let shared = Arc::clone(&arguments);
        let read = move || read_consistently(&db, &*shared, operation);
        let read = match tokio::task::spawn_blocking(read).await {
            Ok(Some(read)) => Ok(read),
            // Every attempt overlapped a commit: read on the writer thread, where none can.
            Ok(None) => return self.writer.write(arguments, operation).await,
            Err(error) => Err(error),
        };
        let read = read.unwrap_or_else(|error| {
            // sled can panic. The task is canceled only while the runtime shuts down.
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

/// How many times a read is attempted concurrently with the writer.
const MAX_READ_ATTEMPTS: usize = 3;

/// Reads concurrently with the writer; `None` if a commit overlapped every attempt.
fn read_consistently<A, T>(
    db: &sled::Db,
    arguments: &A,
    operation: Operation<A, T>,
) -> Option<Result<T, StoreError>> {
    let commits = || db.get(SLED_COMMITS).map_err(stopped);
    let attempt = || {
        let records = Records(db);
        let before = commits()?;
        let mut tx = Tx::new(&records);
        let value = run_in_place(operation(&mut tx, arguments))?;
        let is_consistent = tx.conditions() <= 1 || commits()? == before;
        Ok(is_consistent.then_some(value))
    };
    for _ in 0..MAX_READ_ATTEMPTS {
        match attempt() {
            Ok(None) => {}
            Ok(Some(read)) => return Some(Ok(read)),
            Err(error) => return Some(Err(error)),
        }
    }
    None
}
