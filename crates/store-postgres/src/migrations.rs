//! Migrations of the database schema. Any server can run them; a lock makes sure that only one at a
//! time does.

use core::time::Duration;

use latchkey_store::StoreError;
use tokio_postgres::Client;

use crate::error::unavailable;

/// How long migrations may take, including the wait for another server that runs them.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(30);

/// The migrations, in order; each runs once. A released migration never changes, except for
/// comments.
const ALL: [&str; 2] = [
    include_str!("sql/1_records.sql"),
    include_str!("sql/2_commit.sql"),
];
/// The id of the advisory lock that is held during migrations: "latchkey" in ASCII.
const LOCK_ID: i64 = 0x6c61_7463_686b_6579;

/// Runs pending migrations in one transaction.
pub(crate) async fn run(client: &mut Client) -> Result<(), StoreError> {
    migrate(client).await.map_err(|error| unavailable(&error))?;
    Ok(())
}

async fn migrate(client: &mut Client) -> Result<(), tokio_postgres::Error> {
    let transaction = client.transaction().await?;
    // Another server may be running the migrations: wait for it.
    let wait_for_server = format!(
        "SET LOCAL statement_timeout = '{0}s'; SET LOCAL lock_timeout = '{0}s'",
        TIMEOUT.as_secs()
    );
    transaction.batch_execute(&wait_for_server).await?;
    let lock = "SELECT pg_advisory_xact_lock($1)";
    transaction.execute(lock, &[&LOCK_ID]).await?;
    // While a migration waits for a table lock, all other statements on the table wait behind it.
    let fail_fast = "SET LOCAL lock_timeout = '2s'";
    transaction.batch_execute(fail_fast).await?;
    transaction
        .batch_execute(
            "CREATE SCHEMA IF NOT EXISTS latchkey; \
             CREATE TABLE IF NOT EXISTS latchkey.migrations \
             (number int PRIMARY KEY, run_at timestamptz NOT NULL DEFAULT now());",
        )
        .await?;
    let last = "SELECT coalesce(max(number), 0) FROM latchkey.migrations";
    let last: i32 = transaction.query_one(last, &[]).await?.get(0);
    for (number, migration) in (1..).zip(ALL) {
        if number > last {
            transaction.batch_execute(migration).await?;
            let done = "INSERT INTO latchkey.migrations (number) VALUES ($1)";
            transaction.execute(done, &[&number]).await?;
        }
    }
    transaction.commit().await
}

#[cfg(test)]
mod tests {
    use latchkey_store::table::{DENIALS, STORE_ID, TABLES};

    const RECORDS: &str = include_str!("sql/1_records.sql");
    const COMMIT: &str = include_str!("sql/2_commit.sql");

    /// The released views and functions contain key prefixes.
    #[test]
    fn key_prefixes_in_the_sql_match_the_tables() {
        let mut views = 0;
        for view in RECORDS.split("CREATE VIEW latchkey.").skip(1) {
            let (name, definition) = view.split_once(" AS").expect("a definition");
            let table = TABLES.iter().find(|table| table.name == name);
            let &[byte] = table.expect("a table").prefix else {
                panic!("the prefix of {name} is longer than one byte");
            };
            let range = format!("key >= '\\x{byte:02x}' AND key < '\\x{:02x}'", byte + 1);
            assert!(definition.contains(&range), "{name}: {definition}");
            views += 1;
        }
        assert_eq!(views, 3);
        let store_id = STORE_ID.info().prefix.escape_ascii();
        assert!(COMMIT.contains(&format!("WHERE key = '{store_id}' AND value = store")));
        let &[denials] = DENIALS.info().prefix else {
            panic!("the prefix of denials is longer than one byte");
        };
        assert!(COMMIT.contains(&format!("WHEN get_byte(key, 0) = {denials} THEN")));
    }
}
