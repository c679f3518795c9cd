//! What is new, by the numbers of the transactions.
//!
//! Every denial carries the number of the transaction that wrote it last. Transactions do not end
//! in the order of their numbers, so each look begins at the oldest one that was under way at the
//! look before: what it sees twice does no harm, and nothing can slip through.

use core::time::Duration;
use std::sync::Arc;

use async_trait::async_trait;
use latchkey_core::{Denial, UserId};
use latchkey_store::remote::{PATIENCE, Pool};
use latchkey_store::{Feed, News, StoreError};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::timeout;
use tokio_postgres::{Client, Statement};

use crate::connection::Connector;
use crate::error::unavailable;

/// At least one row: the oldest transaction under way, and a denial if there is one.
const NEWS: &str = "WITH present AS MATERIALIZED \
     (SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS oldest) \
     SELECT oldest, value FROM present \
     LEFT JOIN latchkey.records ON written_by >= $1::bigint::text::xid8";

/// Follows the table.
pub(crate) struct Follower {
    pool: Arc<Pool<Connector>>,
    ear: Option<Ear>,
    /// All transactions before this one have been seen.
    seen: i64,
}

/// A connection that hears notifications.
struct Ear {
    client: Client,
    news: Statement,
    notifications: UnboundedReceiver<String>,
}

impl Ear {
    async fn open(connector: &Connector) -> Result<Self, StoreError> {
        let (client, notifications) = connector.checked().await?;
        let prepared = async {
            client.batch_execute("LISTEN latchkey").await?;
            client.prepare(NEWS).await
        };
        let news = prepared.await.map_err(|error| unavailable(&error))?;
        Ok(Self {
            client,
            news,
            notifications,
        })
    }

    /// The oldest transaction under way, and the denials written since `seen`.
    async fn look(&self, seen: i64) -> Result<(i64, Vec<Denial>), StoreError> {
        let rows = self.client.query(&self.news, &[&seen]).await;
        let rows = rows.map_err(|error| unavailable(&error))?;
        let oldest = rows.first().map_or(seen, |row| row.get(0));
        let mut denials = Vec::new();
        for row in &rows {
            if let Some(bytes) = row.get::<_, Option<&[u8]>>(1) {
                denials.push(parse(bytes)?);
            }
        }
        Ok((oldest, denials))
    }
}

impl Follower {
    /// Begins with the transactions that are under way now.
    pub(crate) async fn open(pool: Arc<Pool<Connector>>) -> Result<Self, StoreError> {
        let ear = Ear::open(pool.connector()).await?;
        let (seen, _) = ear.look(i64::MAX).await?;
        Ok(Self {
            pool,
            ear: Some(ear),
            seen,
        })
    }
}

#[async_trait]
impl Feed for Follower {
    async fn next(&mut self, patience: Duration) -> Result<News, StoreError> {
        let mut news = News::default();
        let mut ear = if let Some(ear) = self.ear.take() {
            ear
        } else {
            // Denials are found by their numbers; what was said meanwhile nobody repeats.
            news.accounts_missed = true;
            let open = Ear::open(self.pool.connector());
            self.pool.within(open).await?
        };
        if !news.accounts_missed {
            match timeout(patience, ear.notifications.recv()).await {
                Ok(Some(account)) => news.accounts.extend(account.parse::<UserId>()),
                Ok(None) => {
                    let reason = "PostgreSQL ended the connection".to_owned();
                    return Err(StoreError::Unavailable(reason));
                }
                Err(_) => {}
            }
        }
        while let Ok(account) = ear.notifications.try_recv() {
            news.accounts.extend(account.parse::<UserId>());
        }
        let look = timeout(PATIENCE, ear.look(self.seen));
        let (oldest, denials) = look
            .await
            .map_err(|_| StoreError::Unavailable("PostgreSQL does not answer".to_owned()))??;
        if oldest < self.seen {
            // Another database by the same records: a standby that had not heard everything.
            self.seen = 0;
            news.denials_missed = true;
            news.accounts_missed = true;
        } else {
            self.seen = oldest;
        }
        news.denials = denials;
        self.ear = Some(ear);
        Ok(news)
    }
}

fn parse(bytes: &[u8]) -> Result<Denial, StoreError> {
    serde_json::from_slice(bytes).map_err(|error| StoreError::Corrupt {
        key: "of a denial".to_owned(),
        reason: error.to_string(),
    })
}
