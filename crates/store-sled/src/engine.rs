//! The engine: reads on the blocking pool, writes through the one writer.

use std::io;
use std::sync::Arc;

use latchkey_store::StoreError;
use latchkey_store::engine::{Engine, Operation, run_in_place};
use latchkey_store::table::SLED_COMMITS;
use latchkey_store::transaction::Tx;

use crate::error::unavailable;
use crate::flush_watchdog::FlushWatchdog;
use crate::records::Records;
use crate::writer::{Writer, WriterState};

/// The embedded store: sled behind its one writer.
#[derive(Debug)]
pub struct SledStore {
    db: sled::Db,
    writer: Writer,
    _watchdog: FlushWatchdog,
}

impl SledStore {
    /// `config` is the one that the records were opened with.
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
        let read = move || read_undisturbed(&db, &*shared, operation);
        let read = match tokio::task::spawn_blocking(read).await {
            Ok(Some(read)) => Ok(read),
            // Changes came in between each time: the writer makes none while it reads.
            Ok(None) => return self.writer.write(arguments, operation).await,
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

/// Reads beside the writer; `None` if it changed records between one read and the next each time.
fn read_undisturbed<A, T>(
    db: &sled::Db,
    arguments: &A,
    operation: Operation<A, T>,
) -> Option<Result<T, StoreError>> {
    let commits = || db.get(SLED_COMMITS).map_err(unavailable);
    let before_and_after = || {
        let records = Records(db);
        let before = commits()?;
        let mut tx = Tx::new(&records);
        let answer = run_in_place(operation(&mut tx, arguments))?;
        let undisturbed = tx.conditions() <= 1 || commits()? == before;
        Ok(undisturbed.then_some(answer))
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
