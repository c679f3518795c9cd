//! A watchdog that wakes a flush that would otherwise never return.
//!
//! sled 0.34.7 writes buffers on a background thread. If a write fails, sled records the error, but
//! on one path (`Log::exit_reservation`) it does not wake the flush that waits for the buffer. Any
//! other flush sees the error, returns it, and wakes the waiting flush.

use std::io;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

/// How often the watchdog checks for an error.
const CHECK_INTERVAL: Duration = Duration::from_millis(500);

/// Watches the flushes of a store until it is dropped.
#[derive(Debug)]
pub(crate) struct FlushWatchdog {
    /// Dropping the sender ends the thread.
    _alive: Sender<()>,
}

impl FlushWatchdog {
    /// Starts the thread. `config` must be the one that `db` was opened with.
    pub(crate) fn start(db: sled::Db, config: sled::Config) -> io::Result<Self> {
        let (alive, watched) = channel();
        thread::Builder::new()
            .name("store-watchdog".to_owned())
            .spawn(move || {
                while watched.recv_timeout(CHECK_INTERVAL) == Err(RecvTimeoutError::Timeout) {
                    // Flush only after an error: concurrent flushes are otherwise avoided.
                    if config.global_error().is_err() {
                        drop(db.flush());
                    }
                }
            })?;
        Ok(Self { _alive: alive })
    }
}
