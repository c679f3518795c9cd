//! The one thread that writes, and its group commit.

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
use crate::error::unavailable;
use crate::ledger::Ledger;
use crate::records::Records;

/// How many operations may share one flush: bounds how long the first of them waits.
const GROUP: usize = 1024;

/// The way to the writing thread, which ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Writer {
    jobs: Sender<Job>,
    failure: Arc<OnceLock<String>>,
}

/// An operation to run on the writing thread.
type Job = Box<dyn FnOnce(&mut WriterState) -> Done + Send>;

/// What the writing thread works on.
pub(crate) struct WriterState {
    /// The records.
    pub(crate) db: sled::Db,
    /// A handle of its own on sled's file, to make it durable.
    pub(crate) sync: File,
    /// How many groups of changes there were.
    pub(crate) commits: Commits,
    /// Which denials there are.
    pub(crate) ledger: Ledger,
}

/// What an operation left to do.
struct Done {
    /// Whether it changed records.
    wrote: bool,
    /// Whether sled failed on it: nothing may be written after that.
    failed: Option<StoreError>,
    /// Answers the caller, once the change is durable or known not to be.
    answer: Box<dyn FnOnce(Result<(), StoreError>) + Send>,
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

    /// Runs `operation` after all before it, and returns when what it wrote is durable.
    pub(crate) async fn write<A: Send + Sync + 'static, T: Send + 'static>(
        &self,
        arguments: Arc<A>,
        operation: Operation<A, T>,
    ) -> Result<T, StoreError> {
        self.health()?;
        let (reply, answer) = oneshot::channel();
        let job: Job = Box::new(move |state| {
            let (value, wrote, failed) = apply(state, &*arguments, operation);
            let answer = Box::new(move |durable: Result<(), StoreError>| {
                // The caller may have gone away; the change stands all the same.
                drop(reply.send(durable.and(value)));
            });
            Done {
                wrote,
                failed,
                answer,
            }
        });
        let stopped = || StoreError::Stopped("its writing thread has ended".to_owned());
        self.jobs.send(job).map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }

    pub(crate) fn health(&self) -> Result<(), StoreError> {
        match self.failure.get() {
            None => Ok(()),
            Some(reason) => Err(StoreError::Stopped(format!(
                "it failed ({reason}); mend the cause and start again"
            ))),
        }
    }

    /// sled failed: nothing is written any more, whatever it was asked.
    pub(crate) fn fail(&self, reason: &str) {
        if self.failure.set(reason.to_owned()).is_ok() {
            tracing::error!(reason, "the store stops taking writes");
        }
    }
}

/// Runs one operation and applies what it wrote as one change.
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
    /// Applies all of these as one change.
    fn write(&mut self, writes: Writes) -> Result<(), StoreError> {
        let mut batch = sled::Batch::default();
        let mut denials = false;
        for (key, change) in writes {
            denials |= self.ledger.note(&self.db, &key, change.is_some())?;
            match change {
                Some(bytes) => batch.insert(key, bytes),
                None => batch.remove(key),
            }
        }
        if denials {
            self.ledger.write(&mut batch);
        }
        batch.insert(SLED_COMMITS, &self.commits.next());
        self.db.apply_batch(batch).map_err(unavailable)
    }

    /// sled's flush leaves the data with the operating system; `fdatasync` brings it to the disk.
    fn make_durable(&mut self) -> Result<(), StoreError> {
        self.db.flush().map_err(unavailable)?;
        let synced = self.sync.sync_data();
        let counted = synced.and_then(|()| self.commits.written());
        counted.map_err(|error| StoreError::Stopped(error.to_string()))
    }
}

/// Notes that the thread is gone if it did not note itself why: sled can panic.
struct PanicGuard<'a>(&'a OnceLock<String>);

impl Drop for PanicGuard<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            let _ = self.0.set("its writing thread panicked".to_owned());
        }
    }
}

fn run(state: &mut WriterState, queue: &Receiver<Job>, failure: &OnceLock<String>) {
    let _guard = PanicGuard(failure);
    while let Ok(first) = queue.recv() {
        let mut group = Vec::with_capacity(8);
        let mut outcome = Ok(());
        for job in std::iter::once(first).chain(queue.try_iter().take(GROUP - 1)) {
            let done = job(state);
            if let Some(error) = &done.failed {
                outcome = Err(error.clone());
            }
            group.push(done);
            if outcome.is_err() {
                break;
            }
        }
        if outcome.is_ok() && group.iter().any(|done| done.wrote) {
            outcome = state.make_durable();
        }
        if let Err(error) = &outcome {
            let reason = failure.get_or_init(|| error.to_string());
            tracing::error!(reason, "the store stops taking writes");
        }
        for done in group {
            (done.answer)(outcome.clone());
        }
        if outcome.is_err() {
            // Those that wait in the queue learn of it by the closed channel.
            return;
        }
    }
}
