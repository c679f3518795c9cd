//! The contract, and what a Redis must be like, with a private one.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use latchkey_store::Store;
use latchkey_store_redis::{Address, open};
use latchkey_testing::{Database as _, Redis};

fn address(url: String) -> Address {
    Address {
        url,
        password: None,
        roots: None,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn keeps_the_contract() {
    let redis = Redis::with(&["--databases", "100"]).expect("a private Redis");
    let number = AtomicUsize::new(0);
    latchkey_store::contract::check(|| async {
        let database = number.fetch_add(1, Ordering::Relaxed);
        let server = redis.url();
        let server = server.trim_end_matches('0');
        let address = address(format!("{server}{database}"));
        let one: Arc<dyn Store> = Arc::new(open(&address).await.expect("a store"));
        let two: Arc<dyn Store> = Arc::new(open(&address).await.expect("a store"));
        [one, two]
    })
    .await;
}

#[tokio::test]
async fn refuses_settings_that_lose_data_and_names_them() {
    let cases = [
        ("appendonly", "no"),
        ("appendfsync", "everysec"),
        ("no-appendfsync-on-rewrite", "yes"),
        ("maxmemory-policy", "allkeys-lru"),
    ];
    for (name, value) in cases {
        let redis = Redis::with(&[&format!("--{name}"), value]).expect("a private Redis");
        let said = open(&address(redis.url()))
            .await
            .expect_err("refused")
            .to_string();
        assert!(said.contains(name) && said.contains(value), "{said}");
    }
}
