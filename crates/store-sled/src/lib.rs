//! The embedded store: sled 0.34, made safe.
//!
//! sled's own promises end short of what is needed here (`flush` does not reach the disk,
//! concurrent `flush_async` calls can deadlock, transactions take a process-wide lock and do not
//! flush). So one thread writes: it drains its queue, applies every operation, flushes once for
//! all of them, makes the file durable with `fdatasync`, and only then answers. After an error of
//! sled nothing is written any more: every operation fails until the process is restarted.

mod commits;
mod engine;
mod error;
mod flush_watchdog;
mod ledger;
mod open;
mod records;
mod writer;

pub use engine::SledStore;
pub use open::{OpenError, open};
