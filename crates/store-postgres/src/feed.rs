//! The change feed, based on transaction ids.
//!
//! Every denial stores the id of the transaction that wrote it last. Transactions do not commit in
//! the order of their ids, so each poll selects the denials that were not visible in the snapshot
//! of the previous poll. No denial is missed and none is returned twice, however long other
//! transactions take.

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

/// Returns one row for each new denial: the current snapshot, the store's id, and the denial. If
/// there are no new denials, returns one row with NULL in place of the denial.
const CHANGES: &str = "WITH present AS MATERIALIZED (SELECT pg_current_snapshot()::text AS seen, \
     (SELECT value FROM latchkey.records WHERE key = $2) AS id) \
     SELECT seen, id, value FROM present LEFT JOIN latchkey.records \
     ON written_by >= pg_snapshot_xmin($1::text::pg_snapshot) \
     AND NOT pg_visible_in_snapshot(written_by, $1::text::pg_snapshot)";
const CURRENT_SNAPSHOT: &str = "SELECT pg_current_snapshot()::text";

/// Follows the table of records.
pub(crate) struct Follower {
    pool: Arc<Pool<Connector>>,
    listener: Option<NotificationListener>,
    /// The snapshot of the latest poll.
    snapshot: String,
    /// Whether changes may have been missed and this has not been reported yet.
    missed: bool,
}

/// A connection that receives notifications.
struct NotificationListener {
    client: Client,
    changes: Statement,
    notifications: UnboundedReceiver<String>,
}

impl NotificationListener {
    async fn open(connector: &Connector) -> Result<Self, StoreError> {
        let (client, notifications) = connector.connect_checked().await?;
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

    /// The current snapshot.
    async fn current_snapshot(&self) -> Result<String, StoreError> {
        let row = self.client.query_one(CURRENT_SNAPSHOT, &[]).await;
        row.map(|row| row.get(0))
            .map_err(|error| unavailable(&error))
    }

    /// The current snapshot, and the denials that are visible in it but not in `previous`.
    async fn poll(
        &self,
        connector: &Connector,
        previous: &str,
    ) -> Result<(String, Vec<Denial>), StoreError> {
        let rows = self
            .client
            .query(&self.changes, &[&previous, &STORE_ID.key(&())])
            .await;
        let rows = rows.map_err(|error| unavailable(&error))?;
        let current = rows
            .first()
            .map_or_else(|| previous.to_owned(), |row| row.get(0));
        connector.check_id(rows.first().and_then(|row| row.get(1)))?;
        let mut denials = Vec::new();
        for row in &rows {
            if let Some(bytes) = row.get::<_, Option<&[u8]>>(2) {
                denials.push(parse(bytes)?);
            }
        }
        Ok((current, denials))
    }
}

impl Follower {
    /// Opens a feed of the transactions that commit from now on.
    pub(crate) async fn open(pool: Arc<Pool<Connector>>) -> Result<Self, StoreError> {
        let listener = NotificationListener::open(pool.connector()).await?;
        let snapshot = listener.current_snapshot().await?;
        Ok(Self {
            pool,
            listener: Some(listener),
            snapshot,
            missed: false,
        })
    }

    /// Reconnects after a lost connection. The server may now be a former standby that never
    /// received the latest transactions and has reused their ids, so the old snapshot is meaningless.
    /// Notifications that were sent in between are lost. So the follower reports missed changes.
    async fn reconnect(&mut self) -> Result<NotificationListener, StoreError> {
        self.missed = true;
        let open = async {
            let listener = NotificationListener::open(self.pool.connector()).await?;
            let snapshot = listener.current_snapshot().await?;
            Ok((listener, snapshot))
        };
        let (listener, snapshot) = self.pool.with_timeout(open).await?;
        self.snapshot = snapshot;
        Ok(listener)
    }
}

#[async_trait]
impl ChangeFeed for Follower {
    async fn next(&mut self, max_wait: Duration) -> Result<Changes, StoreError> {
        let mut changes = Changes::default();
        let mut listener = match self.listener.take() {
            Some(listener) => listener,
            None => self.reconnect().await?,
        };
        // Report missed changes immediately.
        if !self.missed {
            match timeout(max_wait, listener.notifications.recv()).await {
                Ok(Some(user)) => changes.users.extend(user.parse::<UserId>()),
                Ok(None) => {
                    let reason = "PostgreSQL closed the connection".to_owned();
                    return Err(StoreError::Unavailable(reason));
                }
                Err(_) => {}
            }
        }
        while let Ok(user) = listener.notifications.try_recv() {
            changes.users.extend(user.parse::<UserId>());
        }
        let poll = timeout(
            CALL_TIMEOUT,
            listener.poll(self.pool.connector(), &self.snapshot),
        );
        let (snapshot, denials) = poll
            .await
            .map_err(|_| StoreError::Unavailable("PostgreSQL: no response".to_owned()))??;
        self.snapshot = snapshot;
        let missed = std::mem::take(&mut self.missed);
        changes.denials_missed = missed;
        changes.users_missed = missed;
        changes.denials = denials;
        self.listener = Some(listener);
        Ok(changes)
    }
}

fn parse(bytes: &[u8]) -> Result<Denial, StoreError> {
    serde_json::from_slice(bytes).map_err(|error| StoreError::Corrupt {
        key: "(a denial)".to_owned(),
        reason: error.to_string(),
    })
}
