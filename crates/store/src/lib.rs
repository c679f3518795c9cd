//! What Latchkey asks of a store, and what stores are made of.
//!
//! [`Store`] is the sum of small traits ([`Users`], [`Sessions`], [`Denials`], …) that speak in
//! intentions, most of them one atomic change, durable before it returns. The private module
//! `operations` carries them out as transactions ([`transaction::Tx`]) over the typed tables of
//! [`table`], the same over every [`engine::Engine`]: [`MemoryStore`] here, sled in a crate of its
//! own, Redis and PostgreSQL by way of [`remote`]. [`contract`] holds the tests that every store
//! must pass.

mod attempts;
pub mod backup;
#[cfg(any(test, feature = "contract"))]
pub mod contract;
pub mod engine;
pub mod error;
pub mod feed;
pub mod memory;
pub mod observed;
mod operations;
pub mod records;
pub mod remote;
pub mod request;
pub mod store;
pub mod table;
pub mod transaction;

pub use backup::{ExportCursor, Record};
pub use error::StoreError;
pub use feed::{ChangeFeed, Changes};
pub use memory::MemoryStore;
pub use request::{
    AllEnded, EndSession, EndSessions, Ended, LiveSession, NewSession, Opened, Rotate, Rotated,
    Started,
};
pub use store::{
    Audit, Backup, Denials, Flows, Maintenance, Replication, Sessions, SigningKeys, Store, Users,
};
