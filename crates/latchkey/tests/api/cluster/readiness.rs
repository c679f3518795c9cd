//! Frequent readiness probes.

use std::time::Duration;

use futures_util::future::join_all;
use latchkey_testing::{Database as _, Redis};

use super::fixture::{DatabaseKind, section};
use crate::app::TestApp;

/// The number of commands that the database has processed.
fn commands(redis: &Redis) -> u64 {
    let stats = redis.command("INFO stats").expect("a response");
    let line = stats
        .lines()
        .find_map(|line| line.strip_prefix("total_commands_processed:"));
    line.expect("a count").trim().parse().expect("a number")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readiness_probes_are_not_passed_on_to_the_store() {
    let redis = Redis::start().expect("a private Redis");
    let section = section(DatabaseKind::Redis, &redis.url(), Duration::from_secs(30));
    let app = TestApp::with(&format!("demo = true\n{section}")).await;
    let before = commands(&redis);
    for _ in 0..20 {
        let probes = (0..100).map(|_| async {
            let response = app.get("/readyz").send().await;
            assert_eq!(response.expect("a response").status(), 200);
        });
        join_all(probes).await;
    }
    // One check per second, and the server's own requests.
    let sent = commands(&redis) - before;
    assert!(sent < 1000, "{sent} commands for 2000 probes");
}
