//! Tests of the contract, the settings, TLS and reconnection, each with a private PostgreSQL.

use std::sync::Arc;

use latchkey_store::{Maintenance as _, Store};
use latchkey_store_postgres::{Address, open};
use latchkey_testing::Postgres;

fn address(url: &str) -> Address {
    Address::new(&url.parse().expect("a URL"), None, None).expect("an address")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn postgres_store_passes_the_contract() {
    // The store must override this setting: with it, a commit that waited for a lock would not see
    // the changes of the transaction it waited for.
    let isolation = "default_transaction_isolation=repeatable read";
    let postgres = Postgres::with(&[isolation]).expect("a private PostgreSQL");
    let contract = latchkey_store::contract::check(|| async {
        let address = address(&postgres.database().expect("a database"));
        // Both run the migrations concurrently.
        let (one, two) = tokio::join!(open(&address), open(&address));
        let one: Arc<dyn Store> = Arc::new(one.expect("a store"));
        let two: Arc<dyn Store> = Arc::new(two.expect("a store"));
        [one, two]
    });
    Box::pin(contract).await;
}

#[tokio::test]
async fn settings_that_lose_data_are_refused_by_name() {
    for name in ["fsync", "full_page_writes", "synchronous_commit"] {
        let setting = format!("{name}=off");
        let postgres = Postgres::with(&[&setting]).expect("a private PostgreSQL");
        let address = address(&postgres.database().expect("a database"));
        let error = open(&address).await.expect_err("refused").to_string();
        assert!(error.contains(name), "{error}");
    }
}

#[tokio::test]
async fn tls_is_used_and_the_certificate_is_checked() {
    let (postgres, certificate) = Postgres::with_tls().expect("a private PostgreSQL");
    let roots = std::fs::read(&certificate.authority).expect("read");
    let plain = postgres.database().expect("a database");
    let tls = plain.replace("postgresql://", "postgresqls://");
    for url in [tls.clone(), format!("{plain}?sslmode=verify-full")] {
        let url = url.parse().expect("a URL");
        let address = Address::new(&url, None, Some(roots.clone())).expect("an address");
        let store = open(&address).await.expect("a store");
        assert_eq!(store.health().await, Ok(()));
        drop(store);
    }
    let encrypted = "SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) \
                     WHERE ssl AND application_name = 'latchkey'";
    let url = tls.parse().expect("a URL");
    let address = Address::new(&url, None, Some(roots)).expect("an address");
    let store = open(&address).await.expect("a store");
    let count = postgres.query(encrypted).expect("a result");
    assert_ne!(count.trim(), "0", "the connection is not encrypted");
    drop(store);
    // The system does not trust the test authority.
    let address = Address::new(&url, None, None).expect("an address");
    let error = open(&address)
        .await
        .map(drop)
        .expect_err("not trusted")
        .to_string();
    assert!(
        error.contains("certificate") || error.contains("TLS"),
        "{error}"
    );
}

#[tokio::test]
async fn lost_connection_is_reported_by_the_feed() {
    let postgres = Postgres::start().expect("a private PostgreSQL");
    let address = address(&postgres.database().expect("a database"));
    let store = open(&address).await.expect("a store");
    let cut = || {
        let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                   WHERE application_name = 'latchkey'";
        postgres.query(sql).expect("cut");
    };
    latchkey_store::contract::lost_connection_is_reported(&store, cut).await;
}
