//! A store in Redis that several Latchkey servers can share.
#![doc = ""]
#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

mod connection;
mod error;
mod feed;
mod records;
mod scripts;
mod settings;

use std::sync::Arc;

use latchkey_store::StoreError;
use latchkey_store::remote::{ExpectedStoreId, Optimistic, Pool};

pub use connection::Address;
use connection::Connector;
use records::Records;

/// The maximum number of connections per server, not counting the one that reads the stream of
/// changes. Redis runs one command at a time, so a few are enough.
const MAX_CONNECTIONS: usize = 8;

/// The store in Redis.
pub type RedisStore = Optimistic<Records>;

/// Connects to the store, and checks the settings of Redis. The error says which setting must be
/// changed, or why the connection failed.
pub async fn open(address: &Address) -> Result<RedisStore, StoreError> {
    let expected = Arc::new(ExpectedStoreId::default());
    let connector = Connector::new(address, Arc::clone(&expected))?;
    let records = Records::new(Pool::new(connector, MAX_CONNECTIONS), expected);
    records.check_server().await?;
    Ok(Optimistic::new(records))
}
