//! Two servers that share a private database.

use core::time::Duration;

use latchkey_testing::{Database, Postgres, Redis};
use tokio::time::{Instant, sleep};

use super::proxy::Proxy;
use crate::app::TestApp;
use latchkey_testing::refusal;

/// `max_staleness` in tests of staleness.
pub(crate) const STALENESS: Duration = Duration::from_secs(1);
/// Upper bound for a condition that normally becomes true quickly.
const POLL_TIMEOUT: Duration = Duration::from_mins(1);

/// The kind of database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DatabaseKind {
    Redis,
    Postgres,
}

pub(crate) const DATABASES: [DatabaseKind; 2] = [DatabaseKind::Redis, DatabaseKind::Postgres];

/// Two servers; each connects to the database through its own proxy.
pub(crate) struct Cluster {
    pub(crate) one: TestApp,
    pub(crate) two: TestApp,
    pub(crate) proxies: [Proxy; 2],
    pub(crate) database: Box<dyn Database + Send>,
}

impl Cluster {
    /// Starts both servers with the demo provider and a long `max_staleness`, so that no token is
    /// refused because the machine is busy.
    pub(crate) async fn start(kind: DatabaseKind) -> Self {
        Self::with(kind, "").await
    }

    /// Like [`Cluster::start`], with additional configuration.
    pub(crate) async fn with(kind: DatabaseKind, more: &str) -> Self {
        Self::over(kind, Duration::from_secs(30), more).await
    }

    /// Starts servers that refuse tokens after [`STALENESS`] without contact with the store.
    pub(crate) async fn with_short_staleness(kind: DatabaseKind) -> Self {
        Self::over(kind, STALENESS, "").await
    }

    async fn over(kind: DatabaseKind, staleness: Duration, more: &str) -> Self {
        let database: Box<dyn Database + Send> = match kind {
            DatabaseKind::Redis => Box::new(Redis::start().expect("a private Redis")),
            DatabaseKind::Postgres => Box::new(Postgres::start().expect("a private PostgreSQL")),
        };
        let port = database.port();
        let proxies = [Proxy::start(port).await, Proxy::start(port).await];
        let [first, second] = proxies.each_ref().map(|proxy| {
            let url = database.url();
            let url = url.replace(&port.to_string(), &proxy.port.to_string());
            section(kind, &url, staleness)
        });
        let one = TestApp::with(&format!("demo = true\n{NO_LIMITS}{first}{more}")).await;
        let key = one.data_dir().join("master.key");
        let public = &one.url;
        let key = key.display();
        let two = TestApp::with(&format!(
            "demo = true\npublic_url = \"{public}\"\nmaster_key_file = \"{key}\"\n{NO_LIMITS}{second}{more}"
        ))
        .await;
        Self {
            one,
            two,
            proxies,
            database,
        }
    }
}

/// Advances the clocks, and waits until the servers have synchronized with the store again.
pub(crate) async fn advance(apps: [&TestApp; 2], by: Duration) {
    for app in apps {
        app.clock.advance(by);
        let ready = || async {
            app.get("/readyz")
                .send()
                .await
                .expect("a response")
                .status()
                == 200
        };
        until("readiness", ready).await;
    }
}

/// Without rate limits: all requests come from one address.
const NO_LIMITS: &str = "[limits]\nper_address = \"off\"\nper_session = \"off\"\n";

/// The section `[store]` of the configuration.
pub(crate) fn section(kind: DatabaseKind, url: &str, staleness: Duration) -> String {
    let kind = match kind {
        DatabaseKind::Redis => "redis",
        DatabaseKind::Postgres => "postgres",
    };
    let staleness = format!("{}s", staleness.as_secs());
    format!("[store]\nkind = {kind:?}\nurl = {url:?}\nmax_staleness = {staleness:?}\n")
}

/// Whether the access token is accepted, or the code of its refusal. Retries on 503: on a busy
/// machine a server may be out of sync for a short time, and then refuses every token.
pub(crate) async fn check_until_synced(app: &TestApp, access_token: &str) -> Result<(), String> {
    let synced = || async {
        let response = app.get_as("/api/protected", access_token).await;
        response.status() != 503
    };
    loop {
        until("a response other than 503", synced).await;
        let response = app.get_as("/api/protected", access_token).await;
        match response.status().as_u16() {
            200 => return Ok(()),
            503 => {}
            _ => return Err(refusal(response).await.1),
        }
    }
}

/// Polls `condition` until it is true, and returns how long that took.
#[track_caller]
pub(crate) fn until<F: Future<Output = bool>>(
    what: &str,
    mut condition: impl FnMut() -> F,
) -> impl Future<Output = Duration> {
    let caller = core::panic::Location::caller();
    async move {
        let begun = Instant::now();
        while !condition().await {
            assert!(
                begun.elapsed() < POLL_TIMEOUT,
                "{caller}: timed out waiting for {what}"
            );
            sleep(Duration::from_millis(5)).await;
        }
        begun.elapsed()
    }
}
