//! The settings of PostgreSQL without which an answer promises nothing.

use latchkey_store::StoreError;
use tokio_postgres::Client;

use crate::error::unavailable;

/// A setting, what it must not be, and what happens otherwise.
const HARMFUL: [(&str, &str, &str); 3] = [
    (
        "fsync",
        "off",
        "a crash of the machine can damage everything",
    ),
    (
        "full_page_writes",
        "off",
        "a crash of the machine can damage everything",
    ),
    (
        "synchronous_commit",
        "off",
        "what was revoked in the last moments is lost in a crash",
    ),
];
/// The oldest version that will do, as PostgreSQL counts them.
const OLDEST: i32 = 14_00_00;

/// Refuses a database that could lose what it acknowledged, or takes no writes.
pub(crate) async fn check(client: &Client) -> Result<(), StoreError> {
    let question = "SELECT current_setting('server_version_num')::int, pg_is_in_recovery(), \
                    current_setting('transaction_read_only'), current_setting('fsync'), \
                    current_setting('full_page_writes'), current_setting('synchronous_commit')";
    let row = client.query_one(question, &[]).await;
    let row = row.map_err(|error| unavailable(&error))?;
    let version: i32 = row.get(0);
    if version < OLDEST {
        let major = version / 10_000;
        return Err(StoreError::Unavailable(format!(
            "PostgreSQL is version {major}; 14 or a later one is needed"
        )));
    }
    if row.get::<_, bool>(1) || row.get::<_, &str>(2) == "on" {
        return Err(StoreError::Unavailable(
            "this PostgreSQL takes no writes; store.url must lead to the primary".to_owned(),
        ));
    }
    for (index, (name, harmful, otherwise)) in HARMFUL.into_iter().enumerate() {
        if row.get::<_, &str>(3 + index) == harmful {
            return Err(StoreError::Unavailable(format!(
                "PostgreSQL has {name} = {harmful}, so that {otherwise}; set {name} = on"
            )));
        }
    }
    Ok(())
}
