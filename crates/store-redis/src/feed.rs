//! The stream that all machines write their announcements to.

use core::time::Duration;
use std::sync::Arc;

use async_trait::async_trait;
use latchkey_core::{Denial, UserId};
use latchkey_store::remote::{Connect as _, PATIENCE, Pool};
use latchkey_store::{Feed, News, StoreError};
use redis::aio::MultiplexedConnection;
use redis::streams::{StreamId, StreamRangeReply, StreamReadReply};
use tokio::time::timeout;

use crate::connection::Connector;
use crate::error::unavailable;

const STREAM: &str = "latchkey:feed";
/// The first entry that was left when the stream was cut for the last time.
const TRIMMED: &str = "latchkey:feed:trimmed";
/// How many entries are read at once.
const PAGE: usize = 1000;

/// A place in the stream: milliseconds, and a number within them.
type Place = (u64, u64);

/// Reads the stream from one place on.
pub(crate) struct Follower {
    pool: Arc<Pool<Connector>>,
    connection: Option<MultiplexedConnection>,
    /// The last entry that was read.
    place: Place,
}

impl Follower {
    /// Begins after what is there now.
    pub(crate) async fn open(pool: Arc<Pool<Connector>>) -> Result<Self, StoreError> {
        let mut connection = pool.connector().connect().await?;
        let place = newest(&mut connection).await?;
        Ok(Self {
            pool,
            connection: Some(connection),
            place,
        })
    }

    async fn reconnect(&mut self, news: &mut News) -> Result<MultiplexedConnection, StoreError> {
        let connect = self.pool.connector().connect();
        let mut connection = self.pool.within(connect).await?;
        if newest(&mut connection).await? < self.place {
            // A replica that had not heard everything has taken over.
            self.place = (0, 0);
            news.denials_missed = true;
            news.accounts_missed = true;
        }
        Ok(connection)
    }

    async fn read(
        &mut self,
        connection: &mut MultiplexedConnection,
        patience: Duration,
        news: &mut News,
    ) -> Result<(), StoreError> {
        let (ms, nth) = self.place;
        let millis = u64::try_from(patience.as_millis()).unwrap_or(1).max(1);
        let mut both = redis::pipe();
        both.cmd("XREAD")
            .arg(&["BLOCK", &millis.to_string(), "COUNT", &PAGE.to_string()])
            .arg(&["STREAMS", STREAM, &format!("{ms}-{nth}")]);
        // After reading: what was cut off by then could not be read.
        both.cmd("GET").arg(TRIMMED);
        let (read, trimmed): (Option<StreamReadReply>, Option<String>) = both
            .query_async(connection)
            .await
            .map_err(|error| unavailable(&error))?;
        if trimmed.is_some_and(|first| self.place < place(&first)) {
            news.denials_missed = true;
            news.accounts_missed = true;
        }
        let streams = read.map(|read| read.keys).unwrap_or_default();
        for entry in streams.iter().flat_map(|stream| &stream.ids) {
            tell(entry, news)?;
            self.place = place(&entry.id);
        }
        Ok(())
    }
}

#[async_trait]
impl Feed for Follower {
    async fn next(&mut self, patience: Duration) -> Result<News, StoreError> {
        let mut news = News::default();
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.reconnect(&mut news).await?,
        };
        let read = self.read(&mut connection, patience, &mut news);
        timeout(patience + PATIENCE, read)
            .await
            .map_err(|_| StoreError::Unavailable("Redis does not answer".to_owned()))??;
        // Only one that answered is used again.
        self.connection = Some(connection);
        Ok(news)
    }
}

fn tell(entry: &StreamId, news: &mut News) -> Result<(), StoreError> {
    if let Some(bytes) = entry.get::<Vec<u8>>("denial") {
        let denial: Denial = serde_json::from_slice(&bytes).map_err(|_| StoreError::Corrupt {
            key: format!("{STREAM} {}", entry.id),
            reason: "it is no denial".to_owned(),
        })?;
        news.denials.push(denial);
    }
    let account = entry.get::<Vec<u8>>("account");
    if let Some(id) = account.and_then(|bytes| bytes.try_into().ok()) {
        news.accounts.push(UserId::from_bytes(id));
    }
    Ok(())
}

/// The place of the newest entry.
async fn newest(connection: &mut MultiplexedConnection) -> Result<Place, StoreError> {
    let last: StreamRangeReply = redis::cmd("XREVRANGE")
        .arg(&[STREAM, "+", "-", "COUNT", "1"])
        .query_async(connection)
        .await
        .map_err(|error| unavailable(&error))?;
    Ok(last.ids.first().map_or((0, 0), |entry| place(&entry.id)))
}

/// `1700000000000-3`
fn place(id: &str) -> Place {
    let (ms, nth) = id.split_once('-').unwrap_or((id, "0"));
    (ms.parse().unwrap_or(0), nth.parse().unwrap_or(0))
}
