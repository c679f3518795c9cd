//! The contract, and what a PostgreSQL must be like, with a private one.

use std::sync::Arc;

use latchkey_store::{Maintenance as _, Store};
use latchkey_store_postgres::{Address, open};
use latchkey_testing::Postgres;

fn address(url: &str) -> Address {
    Address::new(&url.parse().expect("a url"), None, None).expect("an address")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn keeps_the_contract() {
    // Under it a commit that waited for a lock would not see what was done meanwhile.
    let careless = "default_transaction_isolation=repeatable read";
    let postgres = Postgres::with(&[careless]).expect("a private PostgreSQL");
    let contract = latchkey_store::contract::check(|| async {
        let address = address(&postgres.database().expect("a database"));
        // Both bring the empty database up to date at the same time.
        let (one, two) = tokio::join!(open(&address), open(&address));
        let one: Arc<dyn Store> = Arc::new(one.expect("a store"));
        let two: Arc<dyn Store> = Arc::new(two.expect("a store"));
        [one, two]
    });
    Box::pin(contract).await;
}

#[tokio::test]
async fn refuses_settings_that_lose_data_and_names_them() {
    for name in ["fsync", "full_page_writes", "synchronous_commit"] {
        let setting = format!("{name}=off");
        let postgres = Postgres::with(&[&setting]).expect("a private PostgreSQL");
        let address = address(&postgres.database().expect("a database"));
        let said = open(&address).await.expect_err("refused").to_string();
        assert!(said.contains(name), "{said}");
    }
}

#[tokio::test]
async fn talks_tls_and_checks_who_answers() {
    let (postgres, certificate) = Postgres::with_tls().expect("a private PostgreSQL");
    let roots = std::fs::read(&certificate.authority).expect("read");
    let plain = postgres.database().expect("a database");
    let tls = plain.replace("postgresql://", "postgresqls://");
    for url in [tls.clone(), format!("{plain}?sslmode=verify-full")] {
        let url = url.parse().expect("a url");
        let address = Address::new(&url, None, Some(roots.clone())).expect("an address");
        let store = open(&address).await.expect("a store");
        assert_eq!(store.health().await, Ok(()));
        drop(store);
    }
    let encrypted = "SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) \
                     WHERE ssl AND application_name = 'latchkey'";
    let url = tls.parse().expect("a url");
    let address = Address::new(&url, None, Some(roots)).expect("an address");
    let store = open(&address).await.expect("a store");
    let count = postgres.query(encrypted).expect("an answer");
    assert_ne!(count.trim(), "0", "it is not encrypted");
    drop(store);
    // The system does not know the authority.
    let address = Address::new(&url, None, None).expect("an address");
    let said = open(&address)
        .await
        .map(drop)
        .expect_err("trusted")
        .to_string();
    assert!(
        said.contains("certificate") || said.contains("TLS"),
        "{said}"
    );
}

#[tokio::test]
async fn after_a_lost_connection_all_is_to_be_read_anew() {
    let postgres = Postgres::start().expect("a private PostgreSQL");
    let address = address(&postgres.database().expect("a database"));
    let store = open(&address).await.expect("a store");
    let cut = || {
        let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                   WHERE application_name = 'latchkey'";
        postgres.query(sql).expect("cut");
    };
    latchkey_store::contract::after_a_lost_connection(&store, cut).await;
}
