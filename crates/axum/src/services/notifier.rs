//! Open event streams by account, so that they can be notified immediately.
//!
//! A notification carries no data: however much happens while a listener is slow, one notification
//! waits for it, and then it reads the present state. Nothing queues up and nothing is missed.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use latchkey_core::UserId;
use tokio::sync::watch;

/// How many streams an account may have open at once.
pub const STREAMS: usize = 32;

/// The open event streams.
#[derive(Default)]
pub struct AccountNotifier(Mutex<Streams>);

#[derive(Default)]
struct Streams {
    closed: bool,
    by_user: HashMap<UserId, watch::Sender<()>>,
}

/// The account has the maximum number of streams open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this account has {STREAMS} event streams open; close one, or try again later")]
pub struct TooManyStreams;

impl AccountNotifier {
    /// Opens a stream of an account.
    pub fn listen(self: &Arc<Self>, user: UserId) -> Result<Listener, TooManyStreams> {
        let mut streams = self.lock();
        let wake_ups = if streams.closed {
            // The sender is dropped: the stream ends at once.
            watch::channel(()).1
        } else {
            let sender = streams.by_user.entry(user).or_default();
            if sender.receiver_count() >= STREAMS {
                return Err(TooManyStreams);
            }
            sender.subscribe()
        };
        Ok(Listener {
            notifier: Arc::clone(self),
            user,
            wake_ups,
        })
    }

    /// Notifies the streams of an account.
    pub fn notify(&self, user: UserId) {
        if let Some(sender) = self.lock().by_user.get(&user) {
            sender.send_replace(());
        }
    }

    /// Notifies all streams, when it is not known whom a change concerns.
    pub fn notify_all(&self) {
        for sender in self.lock().by_user.values() {
            sender.send_replace(());
        }
    }

    /// Ends all streams, and those opened from now on.
    pub fn close(&self) {
        let mut streams = self.lock();
        streams.closed = true;
        streams.by_user.clear();
    }

    /// The number of open streams.
    pub fn len(&self) -> usize {
        let streams = self.lock();
        streams
            .by_user
            .values()
            .map(watch::Sender::receiver_count)
            .sum()
    }

    /// Whether no stream is open.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn lock(&self) -> MutexGuard<'_, Streams> {
        // The map is consistent between any two steps, so a panic elsewhere does no harm.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for AccountNotifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccountNotifier")
            .field("len", &self.len())
            .finish()
    }
}

/// The receiving end of one stream.
#[derive(Debug)]
pub struct Listener {
    notifier: Arc<AccountNotifier>,
    user: UserId,
    wake_ups: watch::Receiver<()>,
}

impl Listener {
    /// Waits for a notification since the last call; `false` once the notifier is closed.
    pub async fn woken(&mut self) -> bool {
        self.wake_ups.changed().await.is_ok()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let mut streams = self.notifier.lock();
        // This one is still counted.
        let last = |sender: &watch::Sender<()>| sender.receiver_count() <= 1;
        if streams.by_user.get(&self.user).is_some_and(last) {
            streams.by_user.remove(&self.user);
        }
    }
}
