//! The change feed: a stream to which all servers write announcements.

use core::time::Duration;
use std::sync::Arc;

use async_trait::async_trait;
use latchkey_core::{Denial, UserId};
use latchkey_store::remote::{CALL_TIMEOUT, Connect as _, Pool};
use latchkey_store::{ChangeFeed, Changes, StoreError};
use redis::aio::MultiplexedConnection;
use redis::streams::{StreamId, StreamRangeReply, StreamReadReply};
use tokio::time::timeout;

use crate::connection::{Connector, id_key};
use crate::error::unavailable;

const STREAM: &str = "latchkey:feed";
/// The key that stores the id of the oldest entry that remained after the last trim.
const TRIMMED: &str = "latchkey:feed:trimmed";
/// How many entries are read per command.
const BATCH_SIZE: usize = 1000;

/// An entry id of the stream: milliseconds, and a sequence number.
type EntryId = (u64, u64);

/// Reads the stream from a position onwards.
pub(crate) struct Follower {
    pool: Arc<Pool<Connector>>,
    connection: Option<MultiplexedConnection>,
    /// The id of the last entry that was read.
    position: EntryId,
    /// Whether changes may have been missed and this has not been reported yet.
    missed: bool,
}

impl Follower {
    /// Starts after the newest entry.
    pub(crate) async fn open(pool: Arc<Pool<Connector>>) -> Result<Self, StoreError> {
        let mut connection = pool.connector().connect().await?;
        let position = newest(&mut connection).await?;
        Ok(Self {
            pool,
            connection: Some(connection),
            position,
            missed: false,
        })
    }

    /// Reconnects after a lost connection. The server may now be a former replica that had not
    /// received every entry, and whose entry ids therefore differ. So the follower reports missed
    /// changes, and continues after the newest entry.
    async fn reconnect(&mut self) -> Result<MultiplexedConnection, StoreError> {
        self.missed = true;
        let connect = async {
            let mut connection = self.pool.connector().connect().await?;
            let newest = newest(&mut connection).await?;
            Ok((connection, newest))
        };
        let (connection, newest) = self.pool.with_timeout(connect).await?;
        self.position = newest;
        Ok(connection)
    }

    /// Reads a batch, and waits up to `max_wait` for its first entry. Returns the number of
    /// entries.
    async fn read(
        &mut self,
        connection: &mut MultiplexedConnection,
        max_wait: Option<Duration>,
        changes: &mut Changes,
    ) -> Result<usize, StoreError> {
        let (ms, nth) = self.position;
        let mut pipe = redis::pipe();
        let read = pipe.cmd("XREAD").arg("COUNT").arg(BATCH_SIZE);
        if let Some(max_wait) = max_wait {
            let millis = u64::try_from(max_wait.as_millis()).unwrap_or(1).max(1);
            read.arg("BLOCK").arg(millis);
        }
        read.arg(&["STREAMS", STREAM, &format!("{ms}-{nth}")]);
        // Read after the entries, so that a trim that removed unread entries does not go unnoticed.
        pipe.cmd("GET").arg(TRIMMED);
        pipe.cmd("GET").arg(id_key());
        let (read, trimmed, id): (Option<StreamReadReply>, Option<String>, Option<Vec<u8>>) = pipe
            .query_async(connection)
            .await
            .map_err(|error| unavailable(&error))?;
        self.pool.connector().expected().check(id.as_deref())?;
        self.missed |= trimmed.is_some_and(|first| self.position < entry_id(&first));
        let streams = read.map(|read| read.keys).unwrap_or_default();
        let mut count = 0;
        for entry in streams.iter().flat_map(|stream| &stream.ids) {
            add_entry(entry, changes)?;
            self.position = entry_id(&entry.id);
            count += 1;
        }
        Ok(count)
    }

    /// Reads all entries that are available.
    async fn read_all(
        &mut self,
        connection: &mut MultiplexedConnection,
        max_wait: Duration,
    ) -> Result<Changes, StoreError> {
        let mut changes = Changes::default();
        let mut max_wait = Some(max_wait);
        loop {
            let read = self.read(connection, max_wait.take(), &mut changes);
            if read.await? < BATCH_SIZE {
                return Ok(changes);
            }
        }
    }
}

#[async_trait]
impl ChangeFeed for Follower {
    async fn next(&mut self, max_wait: Duration) -> Result<Changes, StoreError> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.reconnect().await?,
        };
        // Report missed changes immediately.
        let max_wait = if self.missed {
            Duration::ZERO
        } else {
            max_wait
        };
        let read = self.read_all(&mut connection, max_wait);
        let mut changes = timeout(max_wait + CALL_TIMEOUT, read)
            .await
            .map_err(|_| StoreError::Unavailable("Redis: no response".to_owned()))??;
        // After an error the connection is dropped.
        self.connection = Some(connection);
        let missed = std::mem::take(&mut self.missed);
        changes.denials_missed = missed;
        changes.users_missed = missed;
        Ok(changes)
    }
}

fn add_entry(entry: &StreamId, changes: &mut Changes) -> Result<(), StoreError> {
    if let Some(bytes) = entry.get::<Vec<u8>>("denial") {
        let denial: Denial = serde_json::from_slice(&bytes).map_err(|_| StoreError::Corrupt {
            key: format!("{STREAM} {}", entry.id),
            reason: "not a valid denial".to_owned(),
        })?;
        changes.denials.push(denial);
    }
    let user = entry.get::<Vec<u8>>("account");
    if let Some(id) = user.and_then(|bytes| bytes.try_into().ok()) {
        changes.users.push(UserId::from_bytes(id));
    }
    Ok(())
}

/// The id of the newest entry.
async fn newest(connection: &mut MultiplexedConnection) -> Result<EntryId, StoreError> {
    let last: StreamRangeReply = redis::cmd("XREVRANGE")
        .arg(&[STREAM, "+", "-", "COUNT", "1"])
        .query_async(connection)
        .await
        .map_err(|error| unavailable(&error))?;
    Ok(last.ids.first().map_or((0, 0), |entry| entry_id(&entry.id)))
}

/// Parses an entry id such as `1700000000000-3`.
fn entry_id(id: &str) -> EntryId {
    let (ms, nth) = id.split_once('-').unwrap_or((id, "0"));
    (ms.parse().unwrap_or(0), nth.parse().unwrap_or(0))
}
