//! Clients that keep connections busy without sending or reading: none of them lasts, and others
//! are served all the while.

mod http1;
mod http2;

use std::net::SocketAddr;
use std::time::Duration;

use latchkey_axum::ConnectionLimits;
use tokio::time::timeout;

use crate::app::TestApp;

/// How long something may take that is bounded by a second or two.
const PATIENCE: Duration = Duration::from_secs(50);

/// Limits that a test can wait for, for connections from this machine too.
fn short() -> ConnectionLimits {
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

/// Waits for what must come, while another client is served again and again.
async fn while_others_are_served<T>(app: &TestApp, awaited: impl Future<Output = T>) -> T {
    let others = async {
        loop {
            let answer = app.get("/api/").send().await.expect("an answer");
            assert_eq!(answer.status(), 200);
        }
    };
    let awaited = async {
        tokio::select! {
            done = awaited => done,
            () = others => unreachable!("it never ends"),
        }
    };
    timeout(PATIENCE, awaited).await.expect("in time")
}
