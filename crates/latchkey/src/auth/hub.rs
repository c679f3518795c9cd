//! Who is to be told at once: the open event streams, by account.
//!
//! Listeners are woken, not sent to: however much happens while one is slow, it finds one wake-up
//! waiting and looks at how things stand. Nothing queues up, and nothing is missed.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use latchkey_core::UserId;
use tokio::sync::watch;

/// How many streams an account may have open at once.
pub const STREAMS: usize = 32;

/// The open streams of everyone.
#[derive(Default)]
pub struct Hub(Mutex<Streams>);

#[derive(Default)]
struct Streams {
    closed: bool,
    by_user: HashMap<UserId, watch::Sender<()>>,
}

/// An account has as many streams open as it may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this account has {STREAMS} event streams open; close one, or try again later")]
pub struct TooManyStreams;

impl Hub {
    /// One more stream of an account.
    pub fn listen(self: &Arc<Self>, user: UserId) -> Result<Listener, TooManyStreams> {
        let mut streams = self.lock();
        let wake_ups = if streams.closed {
            // Its sender is gone already: the stream ends as it begins.
            watch::channel(()).1
        } else {
            let sender = streams.by_user.entry(user).or_default();
            if sender.receiver_count() >= STREAMS {
                return Err(TooManyStreams);
            }
            sender.subscribe()
        };
        Ok(Listener {
            hub: Arc::clone(self),
            user,
            wake_ups,
        })
    }

    /// Wakes the streams of an account.
    pub fn wake(&self, user: UserId) {
        if let Some(sender) = self.lock().by_user.get(&user) {
            sender.send_replace(());
        }
    }

    /// Wakes all streams: something happened, and nobody knows to whom.
    pub fn wake_all(&self) {
        for sender in self.lock().by_user.values() {
            sender.send_replace(());
        }
    }

    /// Ends all streams, also those that are yet to come.
    pub fn close(&self) {
        let mut streams = self.lock();
        streams.closed = true;
        streams.by_user.clear();
    }

    /// How many streams are open.
    pub fn len(&self) -> usize {
        let streams = self.lock();
        streams
            .by_user
            .values()
            .map(watch::Sender::receiver_count)
            .sum()
    }

    /// Whether none is open.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn lock(&self) -> MutexGuard<'_, Streams> {
        // The map is whole between any two steps, so a panic elsewhere does not spoil it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Hub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hub").field("len", &self.len()).finish()
    }
}

/// One stream's end of the hub.
#[derive(Debug)]
pub struct Listener {
    hub: Arc<Hub>,
    user: UserId,
    wake_ups: watch::Receiver<()>,
}

impl Listener {
    /// Waits until something happened since the last call; `false` once the hub is closed.
    pub async fn woken(&mut self) -> bool {
        self.wake_ups.changed().await.is_ok()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let mut streams = self.hub.lock();
        // This one is still counted.
        let last = |sender: &watch::Sender<()>| sender.receiver_count() <= 1;
        if streams.by_user.get(&self.user).is_some_and(last) {
            streams.by_user.remove(&self.user);
        }
    }
}
