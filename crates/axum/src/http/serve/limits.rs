//! Limits of connections. Tests use shorter times.

use core::time::Duration;

/// The maximum number of open connections. Further connections wait to be accepted.
pub(super) const MAX_CONNECTIONS: usize = 20_000;

/// The same for a secondary listener that serves only a few clients, such as the one for metrics.
pub(super) const MAX_CONNECTIONS_ASIDE: usize = 64;

/// Time limits of a connection.
#[derive(Clone, Copy, Debug)]
pub struct ConnectionLimits {
    /// The time limit for each of these: a TLS handshake, the first request on a connection, the
    /// headers of a request, the reply to an HTTP/2 ping, and an idle connection; 8 seconds by
    /// default.
    pub header: Duration,
    /// The maximum time to receive the body of a request to Latchkey's routes; 10 seconds by
    /// default. The application limits the bodies of its own routes.
    ///
    /// Also how long the other requests on a connection have to finish when the connection is closed
    /// because its client does not read a response.
    pub body: Duration,
    /// How long a response may wait for a client that does not read; 30 seconds by default.
    pub write: Duration,
    /// Whether connections from this machine count towards the limit per address; `false` by
    /// default, because reverse proxies and benchmarks run on the same machine.
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
