//! The stream that all machines write their announcements to.

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
/// The first entry that was left when the stream was cut for the last time.
const TRIMMED: &str = "latchkey:feed:trimmed";
/// How many entries are read at once.
const BATCH: usize = 1000;

/// A place in the stream: milliseconds, and a number within them.
type Place = (u64, u64);

/// Reads the stream from one place on.
pub(crate) struct Follower {
    pool: Arc<Pool<Connector>>,
    connection: Option<MultiplexedConnection>,
    /// The last entry that was read.
    place: Place,
    /// Whether something may be missing that nobody was told of yet.
    missed: bool,
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
            missed: false,
        })
    }

    /// Whoever answers now may be a replica that had not heard everything and has written anew
    /// since: a place in the stream means nothing there. All is read anew, and the stream from its
    /// newest entry on.
    async fn reconnect(&mut self) -> Result<MultiplexedConnection, StoreError> {
        self.missed = true;
        let connect = async {
            let mut connection = self.pool.connector().connect().await?;
            let newest = newest(&mut connection).await?;
            Ok((connection, newest))
        };
        let (connection, newest) = self.pool.within(connect).await?;
        self.place = newest;
        Ok(connection)
    }

    /// Reads on, with a patience to wait for the first entry; gives how many entries there were.
    async fn read(
        &mut self,
        connection: &mut MultiplexedConnection,
        patience: Option<Duration>,
        changes: &mut Changes,
    ) -> Result<usize, StoreError> {
        let (ms, nth) = self.place;
        let mut all = redis::pipe();
        let read = all.cmd("XREAD").arg("COUNT").arg(BATCH);
        if let Some(patience) = patience {
            let millis = u64::try_from(patience.as_millis()).unwrap_or(1).max(1);
            read.arg("BLOCK").arg(millis);
        }
        read.arg(&["STREAMS", STREAM, &format!("{ms}-{nth}")]);
        // After reading: what was cut off by then could not be read.
        all.cmd("GET").arg(TRIMMED);
        all.cmd("GET").arg(id_key());
        let (read, trimmed, id): (Option<StreamReadReply>, Option<String>, Option<Vec<u8>>) = all
            .query_async(connection)
            .await
            .map_err(|error| unavailable(&error))?;
        self.pool.connector().expected().check(id.as_deref())?;
        self.missed |= trimmed.is_some_and(|first| self.place < place(&first));
        let streams = read.map(|read| read.keys).unwrap_or_default();
        let mut count = 0;
        for entry in streams.iter().flat_map(|stream| &stream.ids) {
            tell(entry, changes)?;
            self.place = place(&entry.id);
            count += 1;
        }
        Ok(count)
    }

    /// Reads on until nothing is left.
    async fn read_all(
        &mut self,
        connection: &mut MultiplexedConnection,
        patience: Duration,
    ) -> Result<Changes, StoreError> {
        let mut changes = Changes::default();
        let mut patience = Some(patience);
        loop {
            let read = self.read(connection, patience.take(), &mut changes);
            if read.await? < BATCH {
                return Ok(changes);
            }
        }
    }
}

#[async_trait]
impl ChangeFeed for Follower {
    async fn next(&mut self, patience: Duration) -> Result<Changes, StoreError> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.reconnect().await?,
        };
        // What is new since then can wait until the rest was read anew.
        let patience = if self.missed {
            Duration::ZERO
        } else {
            patience
        };
        let read = self.read_all(&mut connection, patience);
        let mut changes = timeout(patience + CALL_TIMEOUT, read)
            .await
            .map_err(|_| StoreError::Unavailable("Redis does not answer".to_owned()))??;
        // Only one that answered is used again.
        self.connection = Some(connection);
        let missed = std::mem::take(&mut self.missed);
        changes.denials_missed = missed;
        changes.accounts_missed = missed;
        Ok(changes)
    }
}

fn tell(entry: &StreamId, changes: &mut Changes) -> Result<(), StoreError> {
    if let Some(bytes) = entry.get::<Vec<u8>>("denial") {
        let denial: Denial = serde_json::from_slice(&bytes).map_err(|_| StoreError::Corrupt {
            key: format!("{STREAM} {}", entry.id),
            reason: "it is no denial".to_owned(),
        })?;
        changes.denials.push(denial);
    }
    let account = entry.get::<Vec<u8>>("account");
    if let Some(id) = account.and_then(|bytes| bytes.try_into().ok()) {
        changes.accounts.push(UserId::from_bytes(id));
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
