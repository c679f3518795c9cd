//! Compares how long a refused sign-in takes for a known and for an unknown username, with the
//! Mann–Whitney U test. Prints Markdown.
//!
//! `password_timing [TRIES]` tries to sign in TRIES times (1,000 by default) with each kind of name,
//! in random order, over one connection, to a server in this process with an embedded store. With
//! `LATCHKEY_STORE__URL`, the store is the PostgreSQL database at this URL.

#![expect(clippy::print_stdout, reason = "prints the measurements")]

use std::env;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use axum::Router;
use latchkey_axum::use_cases::local_operator::{LocalOperator, NewLocalAccount};
use latchkey_axum::{Latchkey, MasterKey, Provider, Serving, SignUp, Store, TrustedProxies};
use latchkey_core::Actor;
use latchkey_testing::ApiClient;
use serde_json::json;
use tokio::net::TcpListener;

const PASSWORD: &str = "vostok-lantern-77";

#[tokio::main]
async fn main() -> Result<()> {
    let tries = match env::args().nth(1) {
        Some(tries) => tries.parse().context("TRIES must be a number")?,
        None => 1000_usize,
    };
    let folder = tempfile::tempdir()?;
    let client = ApiClient::new(format!("http://{}", serve(folder.path()).await?));
    let mut kinds = [vec![true; tries], vec![false; tries]].concat();
    fastrand::shuffle(&mut kinds);
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for (number, is_known) in kinds.into_iter().enumerate() {
        let username = if is_known { "ada" } else { "bob" };
        let time = refused(&client, number, username).await?;
        if is_known {
            known.push(time);
        } else {
            unknown.push(time);
        }
    }
    println!("| username | tries | median | 10th percentile | 90th percentile |");
    println!("|---|---:|---:|---:|---:|");
    for (name, times) in [("known", &mut known), ("unknown", &mut unknown)] {
        times.sort_unstable();
        let [tenth, median, ninetieth] = [1, 5, 9].map(|tenths| times[times.len() * tenths / 10]);
        let millis = |time: Duration| format!("{:.3} ms", time.as_secs_f64() * 1000.0);
        println!(
            "| {name} | {} | {} | {} | {} |",
            times.len(),
            millis(median),
            millis(tenth),
            millis(ninetieth)
        );
    }
    let Comparison { probability, z } = compare(&known, &unknown);
    println!();
    println!(
        "Mann–Whitney: a known name takes longer in {:.1} % of the pairs, z = {z:.2}",
        probability * 100.0
    );
    println!("(|z| < 1.96: no significant difference at the 5 % level)");
    Ok(())
}

/// Starts a server with one local account.
async fn serve(folder: &std::path::Path) -> Result<SocketAddr> {
    let store = match env::var("LATCHKEY_STORE__URL") {
        Ok(url) => Store::postgres(url),
        Err(_) => Store::sled(folder.join("data")),
    };
    let loopback = TrustedProxies::parse("127.0.0.1").map_err(anyhow::Error::msg)?;
    let auth = Latchkey::builder("http://127.0.0.1:3000")
        .store(store)
        .master_key(MasterKey::random())
        .provider(Provider::local(SignUp::Off))
        .trusted_proxies([loopback].into_iter().collect())
        .open()
        .await?;
    let new = NewLocalAccount {
        username: "ada".to_owned(),
        password: Some(PASSWORD.to_owned().into()),
        ..NewLocalAccount::default()
    };
    let operator = LocalOperator::online(auth.services(), Actor::Application);
    // In a shared database, the account may already exist.
    drop(operator.create(new).await);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        let app = Router::new().merge(auth.router());
        let serving = Serving::new(listener);
        let served = auth.serve_with(serving, app, std::future::pending()).await;
        served.expect("the server runs");
    });
    Ok(address)
}

/// The time of a sign-in that is refused. Each request comes from a different address, so that no
/// limit on guesses applies.
async fn refused(client: &ApiClient, number: usize, username: &str) -> Result<Duration> {
    let [.., high, middle, low] = number.to_be_bytes();
    let body = json!({ "username": username, "password": "copper anvil meadow" });
    let request = client
        .post("/auth/password")
        .header("x-forwarded-for", format!("10.{high}.{middle}.{low}"))
        .json(&body);
    let start = Instant::now();
    let response = request.send().await?;
    let time = start.elapsed();
    ensure!(response.status() == 401, "status {}", response.status());
    response.bytes().await?;
    Ok(time)
}

/// The result of the Mann–Whitney U test.
struct Comparison {
    /// How often a value of the first sample is greater than one of the second.
    probability: f64,
    /// The standard score of U.
    z: f64,
}

fn compare(one: &[Duration], other: &[Duration]) -> Comparison {
    let below = |value: &Duration| {
        let less = other.partition_point(|it| it < value);
        let up_to = other.partition_point(|it| it <= value);
        f64::from(u32::try_from(less + up_to).unwrap_or(u32::MAX)) / 2.0
    };
    let u: f64 = one.iter().map(below).sum();
    let count = |sample: &[Duration]| f64::from(u32::try_from(sample.len()).unwrap_or(u32::MAX));
    let (n, m) = (count(one), count(other));
    let deviation = (n * m * (n + m + 1.0) / 12.0).sqrt();
    Comparison {
        probability: u / (n * m),
        z: (u - n * m / 2.0) / deviation,
    }
}
