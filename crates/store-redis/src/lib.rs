//! Redis as a store for several machines.
//!
//! The records are those of every store ([`latchkey_store::table`]); one Lua script commits a
//! change on conditions, and announces it in a stream that all machines follow. Redis answers
//! after the change is on its disk: with other settings than that, it is refused.
//!
//! Nothing here expires by Redis's own clock: if that were set ahead for a moment, denials would
//! be gone for good. Records end as in every store, by the sweeps of the servers.

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

/// How many connections a server holds: Redis does one thing at a time, so few will do.
const CONNECTIONS: usize = 8;

/// The store.
pub type RedisStore = Optimistic<Records>;

/// Connects to the store. An error says which setting, or what else, stands in the way.
pub async fn open(address: &Address) -> Result<RedisStore, StoreError> {
    let expected = Arc::new(ExpectedStoreId::default());
    let connector = Connector::new(address, Arc::clone(&expected))?;
    let records = Records::new(Pool::new(connector, CONNECTIONS), expected);
    records.check_server().await?;
    Ok(Optimistic::new(records))
}
