//! How long and how much one connection may take. Tests shorten the times.

use core::time::Duration;

/// How many connections are open at most; more wait to be accepted.
pub(super) const MAX_CONNECTIONS: usize = 20_000;

/// The times of a connection.
#[derive(Clone, Copy, Debug)]
pub struct ConnectionLimits {
    /// How long a client has for a TLS handshake, for its first request, for the header of a
    /// request, and how long a connection stays open without a request.
    pub header: Duration,
    /// How long the whole body of a request to Latchkey's routes may take to arrive; the
    /// application limits the bodies of its own routes. A connection that is closing has as long
    /// for the requests that are in progress.
    pub body: Duration,
    /// How long a response may wait for a client that does not read.
    pub write: Duration,
    /// Whether connections from this machine are counted and bounded like all others. Proxies and
    /// measurements run there, so they are not.
    pub counts_loopback: bool,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self {
            header: Duration::from_secs(8),
            body: Duration::from_secs(10),
            write: Duration::from_secs(30),
            counts_loopback: false,
        }
    }
}
