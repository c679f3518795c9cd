//! A store that was emptied and therefore lost its identity.

use latchkey_testing::{Database as _, Postgres, Redis};

use super::fixture::{DatabaseKind, STALENESS, section, until};
use crate::app::TestApp;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_emptied_redis_is_refused() {
    let redis = Redis::start().expect("a private Redis");
    let section = section(DatabaseKind::Redis, &redis.url(), STALENESS);
    let empty = || redis.command("FLUSHALL").expect("emptied");
    assert_refused_once_emptied(&section, empty).await;
    // The server wrote nothing into the emptied store.
    let left = redis.command("DBSIZE").expect("a response");
    assert_eq!(left.trim(), ":0");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_emptied_postgresql_is_refused() {
    let postgres = Postgres::start().expect("a private PostgreSQL");
    let section = section(DatabaseKind::Postgres, &postgres.url(), STALENESS);
    let empty = || {
        postgres
            .query("TRUNCATE latchkey.records")
            .expect("emptied")
    };
    assert_refused_once_emptied(&section, empty).await;
    let left = postgres.query("SELECT count(*) FROM latchkey.records");
    assert_eq!(left.expect("a response").trim(), "0");
}

/// Asserts that a running server and its next start refuse an emptied store.
async fn assert_refused_once_emptied(section: &str, empty: impl FnOnce() -> String) {
    let config = format!("demo = true\n{section}");
    let app = TestApp::with(&config).await;
    let signed_in = app.sign_in().await;
    app.revoke(&signed_in.access_token).await;
    empty();
    // The server does not treat the session as ended.
    let refresh = app.refresh(&signed_in.refresh_token, None).await;
    assert_eq!(refresh.status(), 503);
    let not_ready = || async {
        let response = app.get("/readyz").send().await.expect("a response");
        let status = response.status();
        let body = response.text().await.expect("text");
        status == 503 && body.contains("found an empty store")
    };
    until("the discovery", not_ready).await;
    let stale = || async {
        app.get_as("/api/me", &signed_in.access_token)
            .await
            .status()
            == 503
    };
    until("the refusal", stale).await;
    // The next start is refused too.
    let data_dir = app.data_dir();
    assert!(data_dir.join("store.id").exists());
    let refused = app.restart_is_refused().await;
    assert!(refused.contains("store.id"), "{refused}");
    assert!(refused.contains("has no id"), "{refused}");
}
