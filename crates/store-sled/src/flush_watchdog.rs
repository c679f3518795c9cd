//! Frees a flush that would wait for ever.
//!
//! sled 0.34.7 writes a buffer on a thread of its own. If that fails, it notes the error, but where
//! the buffer's last writer hands it in (`Log::exit_reservation`) it does not wake the flush that
//! waits for it. Any other flush sees the error, returns it, and wakes the one that waits.

use std::io;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

/// How soon a flush that is stuck is freed.
const PERIOD: Duration = Duration::from_millis(500);

/// Looks after the flushes of a store until it is dropped.
#[derive(Debug)]
pub(crate) struct FlushWatchdog {
    /// Its other end ends the thread when this is gone.
    _alive: Sender<()>,
}

impl FlushWatchdog {
    /// `config` is the one that `db` was opened with.
    pub(crate) fn start(db: sled::Db, config: sled::Config) -> io::Result<Self> {
        let (alive, watched) = channel();
        thread::Builder::new()
            .name("store-watchdog".to_owned())
            .spawn(move || {
                while watched.recv_timeout(PERIOD) == Err(RecvTimeoutError::Timeout) {
                    // Only then: two flushes at a time are more than sled needs.
                    if config.global_error().is_err() {
                        drop(db.flush());
                    }
                }
            })?;
        Ok(Self { _alive: alive })
    }
}
