//! A connection pool: connections are opened on demand and dropped when they fail.

use core::time::Duration;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

use crate::error::StoreError;

/// How long a call to the database may take, including connecting.
pub const CALL_TIMEOUT: Duration = Duration::from_secs(2);

/// Opens connections for a [`Pool`].
pub trait Connect: Send + Sync {
    /// The type of the connections.
    type Connection: Send;

    /// Connects, and checks that the database is the expected store and that its settings make
    /// commits durable.
    fn connect(&self) -> impl Future<Output = Result<Self::Connection, StoreError>> + Send;
}

/// A bounded set of connections, each used by one call at a time.
pub struct Pool<C: Connect> {
    connect: C,
    idle: Mutex<Vec<C::Connection>>,
    permits: Semaphore,
}

/// A connection that is leased for one call.
pub struct Lease<'a, C: Connect> {
    pool: &'a Pool<C>,
    connection: C::Connection,
    _permit: SemaphorePermit<'a>,
}

impl<C: Connect> Pool<C> {
    /// A pool of up to `max_connections` connections.
    pub fn new(connect: C, max_connections: usize) -> Self {
        Self {
            connect,
            idle: Mutex::default(),
            permits: Semaphore::new(max_connections),
        }
    }

    /// The connector.
    pub fn connector(&self) -> &C {
        &self.connect
    }

    /// Runs a call with [`CALL_TIMEOUT`]. After a failure the idle connections are dropped, because
    /// they lead to the same database server, which may have failed over.
    pub async fn with_timeout<T>(
        &self,
        call: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        let result = timeout(CALL_TIMEOUT, call).await.unwrap_or_else(|_| {
            let reason = format!("no response within {} seconds", CALL_TIMEOUT.as_secs());
            Err(StoreError::Unavailable(reason))
        });
        if result.is_err() {
            self.idle().clear();
        }
        result
    }

    /// Leases an idle connection or opens one; waits if all connections are in use.
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
    /// A shared reference to the connection.
    pub fn get(&self) -> &C::Connection {
        &self.connection
    }

    /// A mutable reference to the connection.
    pub fn get_mut(&mut self) -> &mut C::Connection {
        &mut self.connection
    }

    /// Returns the connection to the pool. Dropping a lease closes its connection instead: the
    /// response to an unfinished call must not be read as that of the next call.
    pub fn release(self) {
        let mut idle = self.pool.idle();
        idle.push(self.connection);
    }
}

impl<C: Connect> fmt::Debug for Pool<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").finish_non_exhaustive()
    }
}
