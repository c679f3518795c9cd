//! PostgreSQL as a store for several machines.
//!
//! The records are those of every store ([`latchkey_store::table`]), in one table; one function
//! of the database commits a change on conditions and notifies all servers. What is new they find by
//! the numbers of the transactions, without gaps.

mod commit;
mod connection;
mod error;
mod feed;
mod fetch;
mod migrations;
mod page;
mod records;
mod settings;
mod tls;
mod turn;

use std::sync::Arc;

use latchkey_store::StoreError;
use latchkey_store::remote::{ExpectedStoreId, Optimistic, Pool};
use tokio::time::timeout;

use connection::Connector;
use records::Records;

pub use connection::Address;

/// How many connections a server holds for its calls; one more follows the others' news.
const CONNECTIONS: usize = 16;

/// The store.
pub type PostgresStore = Optimistic<Records>;

/// Connects to the store, and brings its tables up to date. An error says which setting, or what
/// else, stands in the way.
pub async fn open(address: &Address) -> Result<PostgresStore, StoreError> {
    let expected = Arc::new(ExpectedStoreId::default());
    let connector = Connector::new(address, Arc::clone(&expected))?;
    let migrated = timeout(migrations::TIMEOUT, connector.migrate()).await;
    migrated.map_err(|_| StoreError::Unavailable("PostgreSQL does not answer".to_owned()))??;
    let records = Records::new(Pool::new(connector, CONNECTIONS), expected);
    records.check_server().await?;
    Ok(Optimistic::new(records))
}
