//! The embedded store: sled 0.34 with the durability that Latchkey needs.
#![doc = ""]
#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

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
