//! Bringing the tables up to date, whichever server comes first.

use core::time::Duration;

use latchkey_store::StoreError;
use tokio_postgres::Client;

use crate::error::unavailable;

/// How long bringing the tables up to date may take, another server's turn included.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(30);

/// One after the other, each once. What was released is never changed here, only added to.
const ALL: [&str; 2] = [
    include_str!("sql/1_records.sql"),
    include_str!("sql/2_commit.sql"),
];
/// Taken while migrating: any number that nobody else takes.
const LOCK: i64 = 0x6c61_7463_686b_6579;

/// Runs those that have not been run yet, in one transaction.
pub(crate) async fn run(client: &mut Client) -> Result<(), StoreError> {
    migrate(client).await.map_err(|error| unavailable(&error))?;
    Ok(())
}

async fn migrate(client: &mut Client) -> Result<(), tokio_postgres::Error> {
    let transaction = client.transaction().await?;
    // Another server may be at it: its turn may take as long as this one's.
    let patient = format!(
        "SET LOCAL statement_timeout = '{0}s'; SET LOCAL lock_timeout = '{0}s'",
        TIMEOUT.as_secs()
    );
    transaction.batch_execute(&patient).await?;
    let lock = "SELECT pg_advisory_xact_lock($1)";
    transaction.execute(lock, &[&LOCK]).await?;
    // Others wait behind one that waits for a table.
    let hasty = "SET LOCAL lock_timeout = '2s'";
    transaction.batch_execute(hasty).await?;
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
    use latchkey_store::table::{DENIALS, KINDS, STORE_ID};

    const RECORDS: &str = include_str!("sql/1_records.sql");
    const COMMIT: &str = include_str!("sql/2_commit.sql");

    /// The views and functions were released with these bytes in them.
    #[test]
    fn sql_knows_the_tables_by_the_bytes_that_their_keys_begin_with() {
        let mut views = 0;
        for view in RECORDS.split("CREATE VIEW latchkey.").skip(1) {
            let (name, definition) = view.split_once(" AS").expect("a definition");
            let kind = KINDS.iter().find(|kind| kind.name == name);
            let &[byte] = kind.expect("a table").prefix else {
                panic!("{name} has a prefix of more than a byte");
            };
            let range = format!("key >= '\\x{byte:02x}' AND key < '\\x{:02x}'", byte + 1);
            assert!(definition.contains(&range), "{name}: {definition}");
            views += 1;
        }
        assert_eq!(views, 3);
        let store_id = STORE_ID.kind().prefix.escape_ascii();
        assert!(COMMIT.contains(&format!("WHERE key = '{store_id}' AND value = store")));
        let &[denials] = DENIALS.kind().prefix else {
            panic!("denials have a prefix of more than a byte");
        };
        assert!(COMMIT.contains(&format!("WHEN get_byte(key, 0) = {denials} THEN")));
    }
}
