//! The one thread that writes, and its group commit.

use std::fs::File;
use std::io;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, OnceLock};
use std::thread;

use latchkey_store::StoreError;
use latchkey_store::keyspace::Transaction;
use tokio::sync::oneshot;

use crate::commits::{self, Commits};
use crate::engine::{Records, unavailable};

/// How many operations may share one flush: bounds how long the first of them waits.
const GROUP: usize = 1024;

/// The way to the writing thread, which ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Writer {
    jobs: Sender<Job>,
    failure: Arc<OnceLock<String>>,
}

/// An operation to run on the writing thread.
type Job = Box<dyn FnOnce(&sled::Db, &mut Commits) -> Done + Send>;

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
    pub(crate) fn start(db: sled::Db, sync: File, mut commits: Commits) -> io::Result<Self> {
        let (jobs, queue) = channel();
        let failure = Arc::new(OnceLock::new());
        let shared = Arc::clone(&failure);
        thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || run(&db, &sync, &mut commits, &queue, &shared))?;
        Ok(Self { jobs, failure })
    }

    /// Runs `operation` after all before it, and returns when what it wrote is durable.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        operation: impl Fn(&mut Transaction<'_>) -> Result<T, StoreError> + Send + Sync + 'static,
    ) -> Result<T, StoreError> {
        self.health()?;
        let (reply, answer) = oneshot::channel();
        let job: Job = Box::new(move |db, commits| {
            let (value, wrote, failed) = apply(db, commits, operation);
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
                "a write failed ({reason}); mend the cause and start again"
            ))),
        }
    }
}

/// Runs one operation and applies what it wrote as one change.
fn apply<T>(
    db: &sled::Db,
    commits: &mut Commits,
    operation: impl Fn(&mut Transaction<'_>) -> Result<T, StoreError>,
) -> (Result<T, StoreError>, bool, Option<StoreError>) {
    let records = Records(db);
    let mut tx = Transaction::new(&records);
    let value = match operation(&mut tx) {
        Ok(value) => value,
        Err(error) => return (Err(error), false, None),
    };
    let writes = tx.into_writes();
    if writes.is_empty() {
        return (Ok(value), false, None);
    }
    let mut batch = sled::Batch::default();
    for (key, change) in writes {
        match change {
            Some(bytes) => batch.insert(key, bytes),
            None => batch.remove(key),
        }
    }
    batch.insert(commits::KEY, &commits.next());
    match db.apply_batch(batch) {
        Ok(()) => (Ok(value), true, None),
        Err(error) => {
            let error = unavailable(error);
            (Err(error.clone()), true, Some(error))
        }
    }
}

fn run(
    db: &sled::Db,
    sync: &File,
    commits: &mut Commits,
    queue: &Receiver<Job>,
    failure: &OnceLock<String>,
) {
    while let Ok(first) = queue.recv() {
        let mut group = Vec::with_capacity(8);
        let mut outcome = Ok(());
        for job in std::iter::once(first).chain(queue.try_iter().take(GROUP - 1)) {
            let done = job(db, commits);
            if let Some(error) = &done.failed {
                outcome = Err(error.clone());
            }
            group.push(done);
            if outcome.is_err() {
                break;
            }
        }
        if outcome.is_ok() && group.iter().any(|done| done.wrote) {
            outcome = make_durable(db, sync, commits);
        }
        if let Err(error) = &outcome {
            let reason = failure.get_or_init(|| error.to_string());
            tracing::error!(reason, "the store stops taking writes");
        }
        for done in group {
            (done.answer)(outcome.clone());
        }
        if outcome.is_err() {
            // Whoever waits in the queue learns of it by the closed channel.
            return;
        }
    }
}

/// sled's flush leaves the data with the operating system; `fdatasync` brings it to the disk.
fn make_durable(db: &sled::Db, sync: &File, commits: &mut Commits) -> Result<(), StoreError> {
    db.flush().map_err(unavailable)?;
    let synced = sync.sync_data().and_then(|()| commits.written());
    synced.map_err(|error| StoreError::Stopped(error.to_string()))
}
