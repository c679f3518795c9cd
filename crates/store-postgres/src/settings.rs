//! Checks the settings of PostgreSQL on which durability depends.

use latchkey_store::StoreError;
use tokio_postgres::Client;

use crate::error::unavailable;

/// A setting, its unsafe value, and the consequence of that value.
const UNSAFE_SETTINGS: [(&str, &str, &str); 3] = [
    (
        "fsync",
        "off",
        "a crash of the operating system can corrupt the database",
    ),
    (
        "full_page_writes",
        "off",
        "a crash of the operating system can corrupt the database",
    ),
    (
        "synchronous_commit",
        "off",
        "the latest revocations are lost in a crash",
    ),
];
/// The oldest supported version, as in `server_version_num`.
const MIN_VERSION: i32 = 14_00_00;

/// Refuses a database that is too old, is read-only, or could lose acknowledged changes.
pub(crate) async fn check(client: &Client) -> Result<(), StoreError> {
    let query = "SELECT current_setting('server_version_num')::int, pg_is_in_recovery(), \
                 current_setting('transaction_read_only'), current_setting('fsync'), \
                 current_setting('full_page_writes'), current_setting('synchronous_commit')";
    let row = client.query_one(query, &[]).await;
    let row = row.map_err(|error| unavailable(&error))?;
    let version: i32 = row.get(0);
    if version < MIN_VERSION {
        let major = version / 10_000;
        return Err(StoreError::Unavailable(format!(
            "PostgreSQL version {major} is not supported; use 14 or later"
        )));
    }
    if row.get::<_, bool>(1) || row.get::<_, &str>(2) == "on" {
        return Err(StoreError::Unavailable(
            "this PostgreSQL is read-only; set store.url to the primary".to_owned(),
        ));
    }
    for (index, (name, value, consequence)) in UNSAFE_SETTINGS.into_iter().enumerate() {
        if row.get::<_, &str>(3 + index) == value {
            return Err(StoreError::Unavailable(format!(
                "PostgreSQL setting {name} is {value}, so {consequence}; set {name} = on"
            )));
        }
    }
    Ok(())
}
