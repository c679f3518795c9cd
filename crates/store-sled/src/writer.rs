//! The writer thread, with group commit.

use std::fs::File;
use std::io;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, OnceLock};
use std::thread;

use latchkey_store::StoreError;
use latchkey_store::engine::{Operation, run_in_place};
use latchkey_store::records::Writes;
use latchkey_store::table::SLED_COMMITS;
use latchkey_store::transaction::Tx;
use tokio::sync::oneshot;

use crate::commits::Commits;
use crate::error::stopped;
use crate::ledger::Ledger;
use crate::records::Records;

/// The maximum number of operations that share one flush. It bounds how long the first one waits.
const MAX_GROUP_SIZE: usize = 1024;

/// A handle to the writer thread. Dropping it ends the thread.
#[derive(Debug)]
pub(crate) struct Writer {
    jobs: Sender<Job>,
    failure: Arc<OnceLock<String>>,
}

/// An operation to run on the writer thread.
type Job = Box<dyn FnOnce(&mut WriterState) -> Applied + Send>;

/// The state of the writer thread.
pub(crate) struct WriterState {
    /// The database.
    pub(crate) db: sled::Db,
    /// A separate handle to sled's file, for `fdatasync`.
    pub(crate) sync: File,
    /// The number of commits.
    pub(crate) commits: Commits,
    /// The checksum of the denylist.
    pub(crate) ledger: Ledger,
}

/// An operation that was applied and waits for durability.
struct Applied {
    /// Whether it changed records.
    wrote: bool,
    /// The error, if sled failed: nothing may be written after it.
    failed: Option<StoreError>,
    /// Replies to the caller; called once the change is durable or has failed.
    reply: Box<dyn FnOnce(Result<(), StoreError>) + Send>,
}

impl Writer {
    pub(crate) fn start(mut state: WriterState) -> io::Result<Self> {
        let (jobs, queue) = channel();
        let failure = Arc::new(OnceLock::new());
        let shared = Arc::clone(&failure);
        thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || run(&mut state, &queue, &shared))?;
        Ok(Self { jobs, failure })
    }

    /// Runs `operation` after those queued before it, and returns once its writes are durable.
    pub(crate) async fn write<A: Send + Sync + 'static, T: Send + 'static>(
        &self,
        arguments: Arc<A>,
        operation: Operation<A, T>,
    ) -> Result<T, StoreError> {
        self.health()?;
        let (sender, receiver) = oneshot::channel();
        let job: Job = Box::new(move |state| {
            let (value, wrote, failed) = apply(state, &*arguments, operation);
            let reply = Box::new(move |durable: Result<(), StoreError>| {
                // The caller may have been canceled; the change is applied anyway.
                drop(sender.send(durable.and(value)));
            });
            Applied {
                wrote,
                failed,
                reply,
            }
        });
        let ended = || StoreError::Stopped("the writer thread has ended".to_owned());
        self.jobs.send(job).map_err(|_| ended())?;
        receiver.await.map_err(|_| ended())?
    }

    pub(crate) fn health(&self) -> Result<(), StoreError> {
        match self.failure.get() {
            None => Ok(()),
            Some(reason) => Err(StoreError::Stopped(format!(
                "{reason}; fix the cause and restart the server"
            ))),
        }
    }

    /// Records that sled failed. Later writes are refused.
    pub(crate) fn fail(&self, reason: &str) {
        if self.failure.set(reason.to_owned()).is_ok() {
            tracing::error!(reason, "the store stopped accepting writes");
        }
    }
}

/// Runs one operation and applies its writes as one change.
fn apply<A, T>(
    state: &mut WriterState,
    arguments: &A,
    operation: Operation<A, T>,
) -> (Result<T, StoreError>, bool, Option<StoreError>) {
    let records = Records(&state.db);
    let mut tx = Tx::new(&records);
    let value = match run_in_place(operation(&mut tx, arguments)) {
        Ok(value) => value,
        Err(error) => {
            let failed = matches!(error, StoreError::Stopped(_)).then(|| error.clone());
            return (Err(error), false, failed);
        }
    };
    let writes = tx.into_change().writes;
    if writes.is_empty() {
        return (Ok(value), false, None);
    }
    match state.write(writes) {
        Ok(()) => (Ok(value), true, None),
        Err(error) => (Err(error.clone()), true, Some(error)),
    }
}

impl WriterState {
    /// Applies these writes as one change.
    fn write(&mut self, writes: Writes) -> Result<(), StoreError> {
        let mut batch = sled::Batch::default();
        let mut denials = false;
        let count = writes.len();
        for (key, change) in writes {
            denials |= self.ledger.update(&self.db, &key, change.is_some())?;
            match change {
                Some(bytes) => batch.insert(key, bytes),
                None => batch.remove(key),
            }
        }
        if denials {
            self.ledger.write(&mut batch);
        }
        batch.insert(SLED_COMMITS, &self.commits.next());
        self.db.apply_batch(batch).map_err(stopped)?;
        collect_garbage(count);
        Ok(())
    }

    /// Flushes sled's buffers to the operating system, and from there to the disk.
    fn make_durable(&mut self) -> Result<(), StoreError> {
        self.db.flush().map_err(stopped)?;
        let synced = self.sync.sync_data();
        let counted = synced.and_then(|()| self.commits.write_count());
        counted.map_err(|error| StoreError::Stopped(error.to_string()))
    }
}

/// Frees the pages that this many writes have replaced. sled frees a limited number of them for each
/// batch, however large the batch is: without this, restoring a large backup would take several
/// kilobytes of memory per record.
fn collect_garbage(writes: usize) {
    const WRITES_PER_COLLECTION: usize = 200;
    for _ in 0..writes / WRITES_PER_COLLECTION {
        crossbeam_epoch::pin().flush();
    }
}

/// Records a panic of the writer thread as the failure, unless a failure is already recorded. sled
/// can panic.
struct PanicGuard<'a>(&'a OnceLock<String>);

impl Drop for PanicGuard<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            let _ = self.0.set("the writer thread panicked".to_owned());
        }
    }
}

fn run(state: &mut WriterState, queue: &Receiver<Job>, failure: &OnceLock<String>) {
    let _guard = PanicGuard(failure);
    while let Ok(first) = queue.recv() {
        let mut group = Vec::with_capacity(8);
        let mut outcome = Ok(());
        for job in std::iter::once(first).chain(queue.try_iter().take(MAX_GROUP_SIZE - 1)) {
            let applied = job(state);
            if let Some(error) = &applied.failed {
                outcome = Err(error.clone());
            }
            group.push(applied);
            if outcome.is_err() {
                break;
            }
        }
        if outcome.is_ok() && group.iter().any(|applied| applied.wrote) {
            outcome = state.make_durable();
        }
        if let Err(error) = &outcome {
            let reason = failure.get_or_init(|| match error {
                StoreError::Stopped(reason) => reason.clone(),
                other => other.to_string(),
            });
            tracing::error!(reason, "the store stopped accepting writes");
        }
        for applied in group {
            (applied.reply)(outcome.clone());
        }
        if outcome.is_err() {
            // Callers that still wait in the queue fail because the channel closes.
            return;
        }
    }
}
