//! Two servers over a private database.

use core::time::Duration;

use latchkey_testing::{Database, Postgres, Redis};
use tokio::time::{Instant, sleep};

use super::proxy::Proxy;
use crate::app::TestApp;
use latchkey_testing::refusal;

/// How long a server without news takes tokens, where that is what is tried.
pub(crate) const STALENESS: Duration = Duration::from_secs(1);
/// How long something may take that takes a moment.
const PATIENCE: Duration = Duration::from_mins(1);

/// Which database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Redis,
    Postgres,
}

pub(crate) const KINDS: [Kind; 2] = [Kind::Redis, Kind::Postgres];

/// Two servers, and the way of each to the database.
pub(crate) struct Cluster {
    pub(crate) one: TestApp,
    pub(crate) two: TestApp,
    pub(crate) ways: [Proxy; 2],
    pub(crate) database: Box<dyn Database + Send>,
}

impl Cluster {
    /// Both with the demo provider, and with patience: no token is refused because the machine
    /// was busy.
    pub(crate) async fn start(kind: Kind) -> Self {
        Self::with(kind, "").await
    }

    /// The same, and what else is in the configuration.
    pub(crate) async fn with(kind: Kind, more: &str) -> Self {
        Self::over(kind, Duration::from_secs(30), more).await
    }

    /// Whose servers take no tokens after [`STALENESS`] without news.
    pub(crate) async fn impatient(kind: Kind) -> Self {
        Self::over(kind, STALENESS, "").await
    }

    async fn over(kind: Kind, staleness: Duration, more: &str) -> Self {
        let database: Box<dyn Database + Send> = match kind {
            Kind::Redis => Box::new(Redis::start().expect("a private Redis")),
            Kind::Postgres => Box::new(Postgres::start().expect("a private PostgreSQL")),
        };
        let port = database.port();
        let ways = [Proxy::start(port).await, Proxy::start(port).await];
        let [first, second] = ways.each_ref().map(|way| {
            let url = database.url();
            let url = url.replace(&port.to_string(), &way.port.to_string());
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
            ways,
            database,
        }
    }
}

/// Sets the clocks ahead, and waits until the servers have heard from the store since.
pub(crate) async fn advance(apps: [&TestApp; 2], by: Duration) {
    for app in apps {
        app.clock.advance(by);
        let ready =
            || async { app.get("/readyz").send().await.expect("an answer").status() == 200 };
        until("news", ready).await;
    }
}

/// The loads come from one address.
const NO_LIMITS: &str = "[limits]\nper_address = \"off\"\nper_session = \"off\"\n";

/// `[store]`
pub(crate) fn section(kind: Kind, url: &str, staleness: Duration) -> String {
    let kind = match kind {
        Kind::Redis => "redis",
        Kind::Postgres => "postgres",
    };
    let staleness = format!("{}s", staleness.as_secs());
    format!("[store]\nkind = {kind:?}\nurl = {url:?}\nmax_staleness = {staleness:?}\n")
}

/// Whether the access token is taken, or the code of its refusal; from a server that may be short of
/// news for a moment, and refuses everybody then, because the machine is busy.
pub(crate) async fn verdict(app: &TestApp, access_token: &str) -> Result<(), String> {
    let decided = || async {
        let answer = app.get_as("/api/protected", access_token).await;
        answer.status() != 503
    };
    loop {
        until("a decision", decided).await;
        let answer = app.get_as("/api/protected", access_token).await;
        match answer.status().as_u16() {
            200 => return Ok(()),
            503 => {}
            _ => return Err(refusal(answer).await.1),
        }
    }
}

/// Asks until the answer is yes, and says how long that took.
#[track_caller]
pub(crate) fn until<F: Future<Output = bool>>(
    what: &str,
    mut ask: impl FnMut() -> F,
) -> impl Future<Output = Duration> {
    let caller = core::panic::Location::caller();
    async move {
        let begun = Instant::now();
        while !ask().await {
            assert!(begun.elapsed() < PATIENCE, "{caller}: {what} never came");
            sleep(Duration::from_millis(5)).await;
        }
        begun.elapsed()
    }
}
