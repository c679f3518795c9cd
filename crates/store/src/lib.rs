//! The storage interface of Latchkey, and the parts that stores are built from.
#![doc = ""]
#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

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
pub mod search;
pub mod store;
pub mod table;
pub mod transaction;

pub use backup::{ExportCursor, Record};
pub use error::StoreError;
pub use feed::{ChangeFeed, Changes};
pub use memory::MemoryStore;
pub use request::{
    AllEnded, AuditPage, AuditQuery, CreateOutcome, CurrentCredential, DeleteOutcome, EndSession,
    EndSessions, Ended, LiftOutcome, LinkIdentity, LinkOutcome, LiveSession, NewLocalUser,
    NewSession, OpenOutcome, OpenedSession, PasswordAuthority, Population, Rotate, Rotated,
    SessionOfUser, SetPassword, SetPasswordOutcome, StoredSessions, UnlinkIdentity, UnlinkOutcome,
};
pub use search::{InvalidCursor, ListCursor, ListPage, UserQuery, UserStatus};
pub use store::{
    Audit, AuditLog, Backup, Denials, Flows, LocalAccounts, Maintenance, Replication, Sessions,
    SigningKeys, Statistics, Store, Users,
};
