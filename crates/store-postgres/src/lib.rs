//! PostgreSQL as a store for several machines.
//!
//! The records are those of every store ([`latchkey_store::keyspace`]), in one table; one function
//! of the database commits a change on conditions and notifies all servers. What is new they find by
//! the numbers of the transactions, without gaps.

mod connection;
mod error;
mod feed;
mod migrations;
mod records;
mod settings;
mod tls;

use core::time::Duration;
use std::sync::Arc;

use latchkey_store::StoreError;
use latchkey_store::keyspace::KeyValueStore;
use latchkey_store::remote::{ExpectedStoreId, Optimistic, Pool};
use tokio::time::timeout;

use connection::Connector;
use records::Records;

pub use connection::Address;

/// How many connections a server holds for its calls; one more follows the others' news.
const CONNECTIONS: usize = 16;

/// How long bringing the tables up to date may take, another server's turn included.
const MIGRATION: Duration = Duration::from_secs(30);

/// The store.
pub type PostgresStore = KeyValueStore<Optimistic<Records>>;

/// Connects to the store, and brings its tables up to date. An error says which setting, or what
/// else, stands in the way.
pub async fn open(address: &Address) -> Result<PostgresStore, StoreError> {
    let pin = Arc::new(ExpectedStoreId::default());
    let connector = Connector::new(address, Arc::clone(&pin))?;
    let migrated = timeout(MIGRATION, connector.migrate()).await;
    migrated.map_err(|_| StoreError::Unavailable("PostgreSQL does not answer".to_owned()))??;
    let records = Records::new(Pool::new(connector, CONNECTIONS), pin);
    records.greet().await?;
    Ok(KeyValueStore(Optimistic::new(records)))
}
