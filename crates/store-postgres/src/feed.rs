//! What is new, by the numbers of the transactions.
//!
//! Every denial carries the number of the transaction that wrote it last. Transactions do not end
//! in the order of their numbers, so each look asks for what could not be seen at the look before,
//! by its snapshot: nothing can slip through, and nothing comes twice, however long some other
//! transaction takes.

use core::time::Duration;
use std::sync::Arc;

use async_trait::async_trait;
use latchkey_core::{Denial, UserId};
use latchkey_store::remote::{CALL_TIMEOUT, Pool};
use latchkey_store::table::STORE_ID;
use latchkey_store::{ChangeFeed, Changes, StoreError};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::timeout;
use tokio_postgres::{Client, Statement};

use crate::connection::Connector;
use crate::error::unavailable;

/// At least one row: what can be seen now, the store's id, and a denial if there is one.
const CHANGES: &str = "WITH present AS MATERIALIZED (SELECT pg_current_snapshot()::text AS seen, \
     (SELECT value FROM latchkey.records WHERE key = $2) AS id) \
     SELECT seen, id, value FROM present LEFT JOIN latchkey.records \
     ON written_by >= pg_snapshot_xmin($1::text::pg_snapshot) \
     AND NOT pg_visible_in_snapshot(written_by, $1::text::pg_snapshot)";
const PRESENT: &str = "SELECT pg_current_snapshot()::text";

/// Follows the table.
pub(crate) struct Follower {
    pool: Arc<Pool<Connector>>,
    listener: Option<NotificationListener>,
    /// The snapshot of the latest look.
    seen: String,
    /// Whether something may be missing that nobody was told of yet.
    missed: bool,
}

/// A connection that hears notifications.
struct NotificationListener {
    client: Client,
    changes: Statement,
    notifications: UnboundedReceiver<String>,
}

impl NotificationListener {
    async fn open(connector: &Connector) -> Result<Self, StoreError> {
        let (client, notifications) = connector.checked().await?;
        let prepared = async {
            client.batch_execute("LISTEN latchkey").await?;
            client.prepare(CHANGES).await
        };
        let changes = prepared.await.map_err(|error| unavailable(&error))?;
        Ok(Self {
            client,
            changes,
            notifications,
        })
    }

    /// What can be seen now.
    async fn present(&self) -> Result<String, StoreError> {
        let row = self.client.query_one(PRESENT, &[]).await;
        row.map(|row| row.get(0))
            .map_err(|error| unavailable(&error))
    }

    /// What can be seen now, and the denials among it that could not be `seen` before.
    async fn look(
        &self,
        connector: &Connector,
        seen: &str,
    ) -> Result<(String, Vec<Denial>), StoreError> {
        let rows = self
            .client
            .query(&self.changes, &[&seen, &STORE_ID.key(&())])
            .await;
        let rows = rows.map_err(|error| unavailable(&error))?;
        let present = rows
            .first()
            .map_or_else(|| seen.to_owned(), |row| row.get(0));
        connector.check_id(rows.first().and_then(|row| row.get(1)))?;
        let mut denials = Vec::new();
        for row in &rows {
            if let Some(bytes) = row.get::<_, Option<&[u8]>>(2) {
                denials.push(parse(bytes)?);
            }
        }
        Ok((present, denials))
    }
}

impl Follower {
    /// Begins with the transactions that are under way now.
    pub(crate) async fn open(pool: Arc<Pool<Connector>>) -> Result<Self, StoreError> {
        let listener = NotificationListener::open(pool.connector()).await?;
        let seen = listener.present().await?;
        Ok(Self {
            pool,
            listener: Some(listener),
            seen,
            missed: false,
        })
    }

    /// Whoever answers now may be a standby that had not heard everything and has given the same
    /// numbers out anew since: a snapshot means nothing there. All is read anew; nobody repeats
    /// what was said meanwhile.
    async fn reconnect(&mut self) -> Result<NotificationListener, StoreError> {
        self.missed = true;
        let open = async {
            let listener = NotificationListener::open(self.pool.connector()).await?;
            let seen = listener.present().await?;
            Ok((listener, seen))
        };
        let (listener, seen) = self.pool.within(open).await?;
        self.seen = seen;
        Ok(listener)
    }
}

#[async_trait]
impl ChangeFeed for Follower {
    async fn next(&mut self, patience: Duration) -> Result<Changes, StoreError> {
        let mut changes = Changes::default();
        let mut listener = match self.listener.take() {
            Some(listener) => listener,
            None => self.reconnect().await?,
        };
        // What is new since then can wait until the rest was read anew.
        if !self.missed {
            match timeout(patience, listener.notifications.recv()).await {
                Ok(Some(account)) => changes.accounts.extend(account.parse::<UserId>()),
                Ok(None) => {
                    let reason = "PostgreSQL ended the connection".to_owned();
                    return Err(StoreError::Unavailable(reason));
                }
                Err(_) => {}
            }
        }
        while let Ok(account) = listener.notifications.try_recv() {
            changes.accounts.extend(account.parse::<UserId>());
        }
        let look = timeout(
            CALL_TIMEOUT,
            listener.look(self.pool.connector(), &self.seen),
        );
        let (seen, denials) = look
            .await
            .map_err(|_| StoreError::Unavailable("PostgreSQL does not answer".to_owned()))??;
        self.seen = seen;
        let missed = std::mem::take(&mut self.missed);
        changes.denials_missed = missed;
        changes.accounts_missed = missed;
        changes.denials = denials;
        self.listener = Some(listener);
        Ok(changes)
    }
}

fn parse(bytes: &[u8]) -> Result<Denial, StoreError> {
    serde_json::from_slice(bytes).map_err(|error| StoreError::Corrupt {
        key: "of a denial".to_owned(),
        reason: error.to_string(),
    })
}
