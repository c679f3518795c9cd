//! A store that is not the one that it was.

use latchkey_testing::{Database as _, Postgres, Redis};

use super::world::{Kind, STALENESS, section, until};
use crate::app::TestApp;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_emptied_redis_is_not_taken_for_the_old_one() {
    let redis = Redis::start().expect("a private Redis");
    let section = section(Kind::Redis, &redis.url(), STALENESS);
    let empty = || redis.say("FLUSHALL").expect("emptied");
    is_noticed(&section, empty).await;
    // And nothing was written into it.
    let left = redis.say("DBSIZE").expect("an answer");
    assert_eq!(left.trim(), ":0");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_emptied_postgresql_is_not_taken_for_the_old_one() {
    let postgres = Postgres::start().expect("a private PostgreSQL");
    let section = section(Kind::Postgres, &postgres.url(), STALENESS);
    let empty = || postgres.say("TRUNCATE latchkey.records").expect("emptied");
    is_noticed(&section, empty).await;
    let left = postgres.say("SELECT count(*) FROM latchkey.records");
    assert_eq!(left.expect("an answer").trim(), "0");
}

/// By a server over connections that stand.
async fn is_noticed(section: &str, empty: impl FnOnce() -> String) {
    let config = format!("demo = true\n{section}");
    let app = TestApp::with(&config).await;
    let signed_in = app.sign_in().await;
    app.revoke(&signed_in.access_token).await;
    empty();
    // The session is not taken for one that ended.
    let refresh = app.refresh(&signed_in.refresh_token, None).await;
    assert_eq!(refresh.status(), 503);
    let not_ready = || async {
        let answer = app.get("/readyz").send().await.expect("an answer");
        let status = answer.status();
        let body = answer.text().await.expect("text");
        status == 503 && body.contains("is empty, this server's is")
    };
    until("the discovery", not_ready).await;
    let stale = || async {
        app.get_as("/api/me", &signed_in.access_token)
            .await
            .status()
            == 503
    };
    until("the refusal", stale).await;
    // Nor by the next process.
    let data_dir = app.data_dir();
    assert!(data_dir.join("store.id").exists());
    let refused = app.restart_is_refused().await;
    assert!(refused.contains("store.id"), "{refused}");
    assert!(refused.contains("without a name"), "{refused}");
}
