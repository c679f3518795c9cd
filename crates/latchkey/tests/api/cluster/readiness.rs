//! Whoever asks whether a server is ready, and how often.

use std::time::Duration;

use futures_util::future::join_all;
use latchkey_testing::{Database as _, Redis};

use super::world::{Kind, section};
use crate::app::TestApp;

/// What the database has done so far.
fn commands(redis: &Redis) -> u64 {
    let stats = redis.say("INFO stats").expect("an answer");
    let line = stats
        .lines()
        .find_map(|line| line.strip_prefix("total_commands_processed:"));
    line.expect("a count").trim().parse().expect("a number")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn questions_about_readiness_are_not_passed_on_to_the_store() {
    let redis = Redis::start().expect("a private Redis");
    let section = section(Kind::Redis, &redis.url(), Duration::from_secs(30));
    let app = TestApp::with(&format!("demo = true\n{section}")).await;
    let before = commands(&redis);
    for _ in 0..20 {
        let asked = (0..100).map(|_| async {
            let answer = app.get("/readyz").send().await;
            assert_eq!(answer.expect("an answer").status(), 200);
        });
        join_all(asked).await;
    }
    // One a second, and what the server asks for itself.
    let asked = commands(&redis) - before;
    assert!(asked < 1000, "{asked} commands for 2000 questions");
}
