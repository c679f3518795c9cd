//! From the answer to a revocation at one server to the first refusal at the other, which is
//! asked without a pause.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::figures::{millis, percentile};
use crate::node::{Clients, Pair};

/// Nothing takes longer.
const TIMEOUT: Duration = Duration::from_secs(5);

pub(crate) async fn run(program: &Path, count: u64) -> Result<()> {
    println!("{count} revocations on one server, until the other refused the token:\n");
    println!("| store | median | p99 | longest |");
    println!("|---|---:|---:|---:|");
    for (kind, name) in [("redis", "Redis"), ("postgres", "PostgreSQL")] {
        let pair = Pair::start(program, kind)?;
        let clients = pair.clients();
        let mut took = Vec::new();
        for number in 0..count {
            took.push(once(&clients, number).await?);
        }
        took.sort_unstable();
        let (median, p99) = (percentile(&took, 50), percentile(&took, 99));
        let longest = took.last().copied().unwrap_or_default();
        println!(
            "| {name} | {} | {} | {} |",
            millis(median),
            millis(p99),
            millis(longest)
        );
    }
    Ok(())
}

async fn once(pair: &Clients, number: u64) -> Result<Duration> {
    let email = format!("person-{}@example.com", number % 50);
    let tokens = pair.one.sign_in_as(&email).await;
    let is_taken = async || pair.two.check(&tokens.access_token).await.is_ok();
    ensure!(is_taken().await, "the other server does not know the token");
    pair.one.revoke(&tokens.refresh_token).await;
    let answered = Instant::now();
    while is_taken().await {
        ensure!(answered.elapsed() < TIMEOUT, "the other server never knew");
    }
    Ok(answered.elapsed())
}
