//! A store in PostgreSQL that several Latchkey servers can share.
#![doc = ""]
#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

mod commit;
mod connection;
mod error;
mod feed;
mod fetch;
mod locked;
mod migrations;
mod page;
mod records;
mod settings;
mod tls;

use std::sync::Arc;

use latchkey_store::StoreError;
use latchkey_store::remote::{ExpectedStoreId, Optimistic, Pool};
use tokio::time::timeout;

use connection::Connector;
use records::Records;

pub use connection::Address;

/// The maximum number of connections per server, not counting that of the change feed.
const MAX_CONNECTIONS: usize = 16;

/// The store in PostgreSQL.
pub type PostgresStore = Optimistic<Records>;

/// Connects to the store, checks the settings of PostgreSQL, and runs pending migrations. The error
/// says which setting must be changed, or why the connection failed.
pub async fn open(address: &Address) -> Result<PostgresStore, StoreError> {
    connect(address).await.map(Optimistic::new)
}

async fn connect(address: &Address) -> Result<Records, StoreError> {
    let expected = Arc::new(ExpectedStoreId::default());
    let connector = Connector::new(address, Arc::clone(&expected))?;
    let migrated = timeout(migrations::TIMEOUT, connector.migrate()).await;
    migrated.map_err(|_| StoreError::Unavailable("PostgreSQL: no response".to_owned()))??;
    let records = Records::new(Pool::new(connector, MAX_CONNECTIONS), expected);
    records.check_server().await?;
    Ok(records)
}
