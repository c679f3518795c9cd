//! Clients that hold connections open without sending or reading are disconnected, while other
//! clients are still served.

mod http1;
mod http2;

use std::net::SocketAddr;
use std::time::Duration;

use latchkey_axum::ConnectionLimits;
use tokio::time::timeout;

use crate::app::TestApp;

/// Upper bound for operations that the server limits to two or three seconds.
const TEST_TIMEOUT: Duration = Duration::from_secs(50);

/// Limits short enough for a test. Loopback connections count towards the limit per address.
fn short_limits() -> ConnectionLimits {
    ConnectionLimits {
        body: Duration::from_secs(2),
        write: Duration::from_secs(2),
        counts_loopback: true,
        ..ConnectionLimits::default()
    }
}

fn address(app: &TestApp) -> SocketAddr {
    let (_, address) = app.url.split_once("://").expect("a URL");
    address.parse().expect("an address")
}

/// Waits for `awaited` while another client keeps sending requests successfully.
async fn while_others_are_served<T>(app: &TestApp, awaited: impl Future<Output = T>) -> T {
    let others = async {
        loop {
            let response = app.get("/api/").send().await.expect("a response");
            assert_eq!(response.status(), 200);
        }
    };
    let awaited = async {
        tokio::select! {
            done = awaited => done,
            () = others => unreachable!("this loop never ends"),
        }
    };
    timeout(TEST_TIMEOUT, awaited).await.expect("in time")
}
