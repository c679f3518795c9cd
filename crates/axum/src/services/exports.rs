//! Limits exports of users' own data, each of which is held in memory until its client has read it.
//! Reading the data, and exports by administrators, do not belong here.

use core::time::Duration;
use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use futures_util::stream::{Stream, unfold};
use latchkey_core::UserId;
use tokio::sync::mpsc::{Sender, channel};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tracing::{Instrument as _, Span};

/// The maximum number of concurrent exports.
pub const CONCURRENT_EXPORTS: usize = 2;
/// The time in which a client must read the whole file. A limit for each write alone would allow a
/// client that reads slowly to hold an export for hours.
pub const SEND_TIMEOUT: Duration = Duration::from_mins(1);
/// The maximum size of a chunk that is passed to the connection: the memory that a client can hold
/// beyond [`SEND_TIMEOUT`].
const CHUNK_BYTES: usize = 16 * 1024;

/// The exports in progress and those that wait.
pub struct Exports {
    permits: Arc<Semaphore>,
    users: Arc<Mutex<HashSet<UserId>>>,
    send_timeout: Duration,
}

/// An export of this user is in progress or waits already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an export of this account is already in progress; try again when it has finished")]
pub struct ExportInProgress;

/// The client did not read the file in time, so it is incomplete.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the client did not read the export in time")]
pub struct SendTimeout;

impl Default for Exports {
    fn default() -> Self {
        Self::new(CONCURRENT_EXPORTS, SEND_TIMEOUT)
    }
}

impl Exports {
    fn new(concurrent: usize, send_timeout: Duration) -> Self {
        Self {
            permits: Arc::new(Semaphore::new(concurrent)),
            users: Arc::default(),
            send_timeout,
        }
    }

    /// Waits while too many other exports are in progress. Refuses a second export of the same user
    /// immediately, so that one user cannot fill the queue.
    pub async fn begin(&self, user: UserId) -> Result<ExportPermit, ExportInProgress> {
        if !lock(&self.users).insert(user) {
            return Err(ExportInProgress);
        }
        let entry = Entry {
            users: Arc::clone(&self.users),
            user,
        };
        // The semaphore is never closed.
        let permit = Arc::clone(&self.permits).acquire_owned().await.ok();
        Ok(ExportPermit {
            _permit: permit,
            _entry: entry,
            send_timeout: self.send_timeout,
        })
    }
}

impl fmt::Debug for Exports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exports")
            .field("permits", &self.permits.available_permits())
            .finish_non_exhaustive()
    }
}

/// The right to hold one export in memory. Dropping it lets the next export begin.
pub struct ExportPermit {
    _permit: Option<OwnedSemaphorePermit>,
    _entry: Entry,
    send_timeout: Duration,
}

impl ExportPermit {
    /// The file in chunks. The permit is dropped when only the last chunk is left, when the stream is
    /// dropped, or after [`SEND_TIMEOUT`]. After the timeout, the stream ends with an error.
    pub fn send(
        self,
        mut file: Vec<u8>,
    ) -> impl Stream<Item = Result<Bytes, SendTimeout>> + Send + 'static {
        let (sender, receiver) = channel(1);
        let length = file.len();
        let last = file.split_off(length.saturating_sub(1) / CHUNK_BYTES * CHUNK_BYTES);
        // A task, because a connection does not poll the stream while its client reads nothing.
        let sending = async move {
            let sent = timeout(self.send_timeout, send(&file, &sender)).await;
            // Before the last chunk is sent, so that a client that has read the file can export
            // again.
            drop((file, self));
            if sent.is_ok() {
                // Fails if the client has closed the connection.
                drop(sender.send(last.into()).await);
            } else {
                tracing::info!(bytes = length, "client read its account export too slowly");
            }
        };
        tokio::spawn(sending.instrument(Span::current()));
        unfold((receiver, length), |(mut receiver, left)| async move {
            if left == 0 {
                return None;
            }
            match receiver.recv().await {
                Some(chunk) => {
                    let left = left.saturating_sub(chunk.len());
                    Some((Ok(chunk), (receiver, left)))
                }
                None => Some((Err(SendTimeout), (receiver, 0))),
            }
        })
    }
}

impl fmt::Debug for ExportPermit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExportPermit").finish_non_exhaustive()
    }
}

/// Sends copies, because a slice of the file would keep the whole file in memory.
async fn send(file: &[u8], sender: &Sender<Bytes>) {
    for chunk in file.chunks(CHUNK_BYTES) {
        if sender.send(Bytes::copy_from_slice(chunk)).await.is_err() {
            // The client has closed the connection.
            return;
        }
    }
}

/// The entry of a user whose export is in progress or waits.
struct Entry {
    users: Arc<Mutex<HashSet<UserId>>>,
    user: UserId,
}

impl Drop for Entry {
    fn drop(&mut self) {
        lock(&self.users).remove(&self.user);
    }
}

fn lock(users: &Mutex<HashSet<UserId>>) -> MutexGuard<'_, HashSet<UserId>> {
    // The set is consistent after every statement, so a panic while it is locked does no harm.
    users.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use core::pin::pin;
    use core::time::Duration;

    use futures_util::{FutureExt as _, StreamExt as _};
    use latchkey_core::UserId;

    use super::{CHUNK_BYTES, ExportInProgress, ExportPermit, Exports, SEND_TIMEOUT, SendTimeout};

    const FILE_BYTES: usize = 10 * CHUNK_BYTES + 1;

    fn user(number: u8) -> UserId {
        UserId::from_bytes([number; 16])
    }

    async fn begin(exports: &Exports, number: u8) -> ExportPermit {
        exports.begin(user(number)).await.expect("no other export")
    }

    #[tokio::test]
    async fn permit_is_held_until_only_the_last_chunk_is_left() {
        let exports = Exports::new(1, SEND_TIMEOUT);
        let mut file = pin!(begin(&exports, 1).await.send(vec![7; FILE_BYTES]));
        let mut waiting = pin!(begin(&exports, 2));
        let mut read = 0;
        while read < FILE_BYTES - 3 * CHUNK_BYTES {
            read += file.next().await.expect("more").expect("in time").len();
            tokio::task::yield_now().await;
            assert!(waiting.as_mut().now_or_never().is_none(), "{read}");
        }
        while let Some(chunk) = file.next().await {
            read += chunk.expect("in time").len();
        }
        assert_eq!(read, FILE_BYTES);
        waiting.await;
    }

    #[tokio::test]
    async fn closed_connection_releases_its_permit() {
        let exports = Exports::new(1, SEND_TIMEOUT);
        drop(begin(&exports, 1).await.send(vec![7; FILE_BYTES]));
        begin(&exports, 2).await;
    }

    #[tokio::test]
    async fn slow_client_loses_its_permit_and_gets_an_error() {
        let exports = Exports::new(1, Duration::ZERO);
        let file = begin(&exports, 1).await.send(vec![7; FILE_BYTES]);
        // Nothing is read.
        begin(&exports, 2).await;
        let chunks: Vec<_> = file.collect().await;
        assert_eq!(chunks.last(), Some(&Err(SendTimeout)));
        assert!(chunks.len() < FILE_BYTES / CHUNK_BYTES);
    }

    #[tokio::test]
    async fn second_export_of_a_user_is_refused_even_while_the_first_waits() {
        let exports = Exports::new(1, SEND_TIMEOUT);
        let running = begin(&exports, 1).await;
        assert_eq!(exports.begin(user(1)).await.err(), Some(ExportInProgress));
        {
            let mut waiting = pin!(begin(&exports, 2));
            assert!(waiting.as_mut().now_or_never().is_none());
            assert_eq!(exports.begin(user(2)).await.err(), Some(ExportInProgress));
        }
        drop(running);
        // An abandoned request leaves no entry.
        begin(&exports, 2).await;
        begin(&exports, 1).await;
    }
}
