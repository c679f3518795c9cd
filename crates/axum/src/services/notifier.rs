//! Open event streams by user, so that they can be notified immediately.
//!
//! A notification carries no data. However much happens while a listener is slow, one notification
//! is pending, after which the listener reads the current state. Nothing queues up and nothing is
//! missed.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use latchkey_core::UserId;
use tokio::sync::watch;

/// The maximum number of open streams per user.
pub const MAX_STREAMS: usize = 32;

/// The open event streams.
#[derive(Default)]
pub struct AccountNotifier(Mutex<Streams>);

#[derive(Default)]
struct Streams {
    closed: bool,
    by_user: HashMap<UserId, watch::Sender<()>>,
}

/// The user already has the maximum number of open streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this account has {MAX_STREAMS} event streams open; close one, or try again later")]
pub struct TooManyStreams;

impl AccountNotifier {
    /// Opens a stream of a user.
    pub fn listen(self: &Arc<Self>, user: UserId) -> Result<Listener, TooManyStreams> {
        let mut streams = self.lock();
        let notifications = if streams.closed {
            // The sender is dropped, so the stream ends immediately.
            watch::channel(()).1
        } else {
            let sender = streams.by_user.entry(user).or_default();
            if sender.receiver_count() >= MAX_STREAMS {
                return Err(TooManyStreams);
            }
            sender.subscribe()
        };
        Ok(Listener {
            notifier: Arc::clone(self),
            user,
            notifications: Some(notifications),
        })
    }

    /// Notifies the streams of a user.
    pub fn notify(&self, user: UserId) {
        if let Some(sender) = self.lock().by_user.get(&user) {
            sender.send_replace(());
        }
    }

    /// Notifies all streams, for changes whose users are not known.
    pub fn notify_all(&self) {
        for sender in self.lock().by_user.values() {
            sender.send_replace(());
        }
    }

    /// Ends all streams, including those opened later.
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
        // The map is consistent after every statement, so a panic while it is locked does no harm.
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
    /// `None` only while the listener is being dropped.
    notifications: Option<watch::Receiver<()>>,
}

impl Listener {
    /// Waits for a notification since the last call; `false` once the notifier is closed.
    pub async fn notified(&mut self) -> bool {
        match &mut self.notifications {
            Some(notifications) => notifications.changed().await.is_ok(),
            None => false,
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let mut streams = self.notifier.lock();
        // The receiver is dropped while the map is locked. Otherwise two listeners of a user that
        // are dropped at the same time could count each other's receivers, and the entry would
        // remain.
        drop(self.notifications.take());
        let is_unused = |sender: &watch::Sender<()>| sender.receiver_count() == 0;
        if streams.by_user.get(&self.user).is_some_and(is_unused) {
            streams.by_user.remove(&self.user);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Barrier};
    use std::thread;

    use latchkey_core::UserId;

    use super::AccountNotifier;

    #[test]
    fn streams_that_close_at_the_same_time_leave_no_entry() {
        const STREAMS: usize = 8;
        let notifier = Arc::new(AccountNotifier::default());
        for round in 0..500_u64 {
            let mut id = [0; 16];
            id[..8].copy_from_slice(&round.to_le_bytes());
            let barrier = Barrier::new(STREAMS);
            thread::scope(|scope| {
                for _ in 0..STREAMS {
                    let listener = notifier
                        .listen(UserId::from_bytes(id))
                        .expect("few streams");
                    let barrier = &barrier;
                    scope.spawn(move || {
                        barrier.wait();
                        drop(listener);
                    });
                }
            });
        }
        assert_eq!(notifier.lock().by_user.len(), 0);
    }
}
