//! The operations of a store over an ordered key-value engine.
//!
//! An engine has one writer at a time. It hands each operation a [`Transaction`]; what the
//! operation wrote there is applied as one, or not at all. All records live in one keyspace, told
//! apart by the first byte of the key, so that a change across several kinds is still one change.

mod audit;
mod backup;
mod bans;
mod denials;
mod ends;
pub mod engine;
mod flows;
pub mod key;
mod sessions;
mod signing_keys;
mod store_id;
mod sweep;
mod transaction;
mod users;

pub use engine::{Engine, KeyValueStore};
pub use transaction::{Pair, Transaction, View, from};
