//! Connections that are made when they are needed and dropped when they fail.

use core::time::Duration;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

use crate::error::StoreError;

/// How long a call may take, connecting included: an answer that comes later helps nobody.
pub const CALL_TIMEOUT: Duration = Duration::from_secs(2);

/// Makes connections of one kind.
pub trait Connect: Send + Sync {
    /// A connection.
    type Connection: Send;

    /// Connects, and checks that what answers is the store, with settings that lose nothing.
    fn connect(&self) -> impl Future<Output = Result<Self::Connection, StoreError>> + Send;
}

/// Some connections, each used by one call at a time.
pub struct Pool<C: Connect> {
    connect: C,
    idle: Mutex<Vec<C::Connection>>,
    permits: Semaphore,
}

/// A connection for one call.
pub struct Lease<'a, C: Connect> {
    pool: &'a Pool<C>,
    connection: C::Connection,
    _permit: SemaphorePermit<'a>,
}

impl<C: Connect> Pool<C> {
    /// Up to `most` connections.
    pub fn new(connect: C, most: usize) -> Self {
        Self {
            connect,
            idle: Mutex::default(),
            permits: Semaphore::new(most),
        }
    }

    /// How to connect.
    pub fn connector(&self) -> &C {
        &self.connect
    }

    /// Waits for a call, for as long as calls may take. After one that failed, the connections
    /// that lie idle are dropped: they were made to the same server, which may be another by now.
    pub async fn within<T>(
        &self,
        call: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        let answer = timeout(CALL_TIMEOUT, call).await.unwrap_or_else(|_| {
            let reason = format!("no answer within {} seconds", CALL_TIMEOUT.as_secs());
            Err(StoreError::Unavailable(reason))
        });
        if answer.is_err() {
            self.idle().clear();
        }
        answer
    }

    /// A connection that nobody else uses.
    pub async fn lease(&self) -> Result<Lease<'_, C>, StoreError> {
        let permit = self.permits.acquire().await;
        let permit = permit.map_err(|error| StoreError::Unavailable(error.to_string()))?;
        let idle = self.idle().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => self.connect.connect().await?,
        };
        Ok(Lease {
            pool: self,
            connection,
            _permit: permit,
        })
    }

    fn idle(&self) -> MutexGuard<'_, Vec<C::Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<C: Connect> Lease<'_, C> {
    /// The connection, where a shared reference will do.
    pub fn shared(&self) -> &C::Connection {
        &self.connection
    }

    /// The connection.
    pub fn connection(&mut self) -> &mut C::Connection {
        &mut self.connection
    }

    /// Keeps the connection for the next call. One that is not given back is closed: what is left
    /// of an unfinished call would be taken for the next one's answer.
    pub fn give_back(self) {
        let mut idle = self.pool.idle();
        idle.push(self.connection);
    }
}

impl<C: Connect> fmt::Debug for Pool<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").finish_non_exhaustive()
    }
}
