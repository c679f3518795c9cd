//! Tests of the contract, the settings, TLS and reconnection, each with a private Redis.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use latchkey_store::{Maintenance as _, Store};
use latchkey_store_redis::{Address, open};
use latchkey_testing::{Certificate, Database as _, Redis, free_port};

fn address(url: String) -> Address {
    Address {
        url,
        password: None,
        roots: None,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn redis_store_passes_the_contract() {
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
async fn settings_that_can_lose_data_are_refused_and_named() {
    let cases = [
        ("appendonly", "no"),
        ("appendfsync", "everysec"),
        ("no-appendfsync-on-rewrite", "yes"),
        ("maxmemory-policy", "allkeys-lru"),
    ];
    for (name, value) in cases {
        let redis = Redis::with(&[&format!("--{name}"), value]).expect("a private Redis");
        let error = open(&address(redis.url()))
            .await
            .expect_err("refused")
            .to_string();
        assert!(error.contains(name) && error.contains(value), "{error}");
    }
}

#[tokio::test]
async fn tls_certificate_and_password_are_checked() {
    let certificate = Certificate::new().expect("a certificate");
    let port = free_port().expect("a free port").to_string();
    let text = |path: &std::path::Path| path.to_str().expect("UTF-8").to_owned();
    let settings = [
        "--tls-port",
        &port,
        "--tls-auth-clients",
        "no",
        "--tls-cert-file",
        &text(&certificate.certificate),
        "--tls-key-file",
        &text(&certificate.key),
        "--requirepass",
        "secret-1",
    ];
    let _redis = Redis::with(&settings).expect("a private Redis");
    let roots = std::fs::read(&certificate.authority).expect("read");
    let with = |scheme: &str, roots: Option<Vec<u8>>, password: &str| Address {
        url: format!("{scheme}://localhost:{port}/0"),
        password: Some(password.into()),
        roots,
    };
    let valid = with("rediss", Some(roots.clone()), "secret-1");
    let store = open(&valid).await.expect("a store");
    assert_eq!(store.health().await, Ok(()));
    for (wrong, what) in [
        (with("rediss", None, "secret-1"), "an unknown authority"),
        (with("redis", Some(roots.clone()), "secret-1"), "no TLS"),
        (with("rediss", Some(roots), "secret-2"), "a wrong password"),
    ] {
        let error = open(&wrong).await.map(drop).expect_err(what).to_string();
        assert!(!error.contains("secret-"), "{error}");
    }
}

#[tokio::test]
async fn lost_connection_is_reported_by_the_feed() {
    let redis = Redis::start().expect("a private Redis");
    let address = address(redis.url());
    let store = open(&address).await.expect("a store");
    let cut = || {
        drop(redis.command("CLIENT KILL TYPE normal"));
    };
    latchkey_store::contract::lost_connection_is_reported(&store, cut).await;
}
