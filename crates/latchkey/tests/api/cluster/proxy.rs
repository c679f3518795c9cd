//! A TCP proxy to the database that can stall or break connections.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::AbortHandle;

/// State of the link to the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Link {
    /// Data passes in both directions.
    Open,
    /// Connections are accepted, but no data passes.
    Silent,
    /// Existing connections are closed, and new ones are closed immediately.
    Cut,
}

/// The state of the link, and the port of the database.
type Route = (Link, u16);

/// A proxy on its own port.
pub(crate) struct Proxy {
    pub(crate) port: u16,
    route: watch::Sender<Route>,
    /// Number of response bytes that still pass before a connection is cut; negative means no
    /// limit.
    budget: Arc<AtomicI64>,
    accept_task: AbortHandle,
}

impl Proxy {
    /// Starts a proxy to this port.
    pub(crate) async fn start(to: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let (route, routes) = watch::channel((Link::Open, to));
        let budget = Arc::new(AtomicI64::new(-1));
        let left = Arc::clone(&budget);
        let accept_task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (routes, left) = (routes.clone(), Arc::clone(&left));
                tokio::spawn(async move { forward(client, routes, left).await });
            }
        });
        Self {
            port,
            route,
            budget,
            accept_task: accept_task.abort_handle(),
        }
    }

    pub(crate) fn set(&self, link: Link) {
        self.route.send_modify(|route| route.0 = link);
    }

    /// Sends new connections to this port, and closes the existing ones.
    pub(crate) fn redirect_to(&self, port: u16) {
        self.route.send_modify(|route| route.1 = port);
    }

    /// Lets this many more response bytes pass, over all connections, then cuts the connection on
    /// which the next byte arrives.
    pub(crate) fn cut_after(&self, bytes: i64) {
        self.budget.store(bytes, Ordering::SeqCst);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accept_task.abort();
    }
}

async fn forward(client: TcpStream, mut routes: watch::Receiver<Route>, left: Arc<AtomicI64>) {
    let (_, to) = *routes.borrow();
    let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, to)).await else {
        return;
    };
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let unlimited = Arc::new(AtomicI64::new(-1));
    let watched = routes.clone();
    let both = async {
        tokio::select! {
            () = copy(from_client, to_server, watched.clone(), unlimited) => {}
            () = copy(from_server, to_client, watched.clone(), left) => {}
        }
    };
    tokio::select! {
        () = both => {}
        _ = routes.wait_for(|route| route.0 == Link::Cut || route.1 != to) => {}
    }
}

async fn copy(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut routes: watch::Receiver<Route>,
    left: Arc<AtomicI64>,
) {
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        if routes
            .wait_for(|route| route.0 != Link::Silent)
            .await
            .is_err()
        {
            return;
        }
        let length = i64::try_from(length).expect("a buffer's length");
        let before = left.load(Ordering::SeqCst);
        let mut pass = length;
        if before >= 0 {
            pass = before.min(length);
            left.store(before - pass, Ordering::SeqCst);
        }
        let part = &buffer[..usize::try_from(pass).expect("not negative")];
        if to.write_all(part).await.is_err() || pass < length {
            // The next connection is not limited.
            left.store(-1, Ordering::SeqCst);
            return;
        }
    }
}
