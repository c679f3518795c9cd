//! What Latchkey asks of a store.
//!
//! [`Store`] speaks in intentions, most of them one atomic change, durable before it returns. [`keyspace`] carries the intentions out over any ordered key-value engine
//! with one writer at a time; [`MemoryStore`] is the engine that forgets. [`contract`] holds the
//! tests that every store must pass.

pub mod backup;
#[cfg(any(test, feature = "contract"))]
pub mod contract;
pub mod error;
pub mod feed;
pub mod keyspace;
pub mod memory;
pub mod remote;
pub mod request;
mod store;

pub use backup::{ExportCursor, Record};
pub use error::StoreError;
pub use feed::{ChangeFeed, Changes};
pub use memory::MemoryStore;
pub use request::{
    AllEnded, EndSession, EndSessions, Ended, LiveSession, NewSession, Opened, Rotate, Rotated,
    Started,
};
pub use store::Store;
