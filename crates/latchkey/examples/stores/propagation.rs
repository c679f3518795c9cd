//! The time between one server's response to a revocation and the first refusal by the other server,
//! which receives requests continuously.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::figures::{millis, percentile};
use crate::node::{Clients, Pair};

/// How long to wait for the refusal.
const REFUSAL_TIMEOUT: Duration = Duration::from_secs(5);

pub(crate) async fn run(program: &Path, count: u64) -> Result<()> {
    println!("{count} revocations: time until the other server refused the token:\n");
    println!("| store | median | p99 | longest |");
    println!("|---|---:|---:|---:|");
    for (kind, name) in [("redis", "Redis"), ("postgres", "PostgreSQL")] {
        let pair = Pair::start(program, kind)?;
        let clients = pair.clients();
        let mut durations = Vec::new();
        for number in 0..count {
            durations.push(measure(&clients, number).await?);
        }
        durations.sort_unstable();
        let (median, p99) = (percentile(&durations, 50), percentile(&durations, 99));
        let longest = durations.last().copied().unwrap_or_default();
        println!(
            "| {name} | {} | {} | {} |",
            millis(median),
            millis(p99),
            millis(longest)
        );
    }
    Ok(())
}

async fn measure(pair: &Clients, number: u64) -> Result<Duration> {
    let email = format!("user-{}@example.com", number % 50);
    let tokens = pair.one.sign_in_as(&email).await;
    let is_accepted = async || pair.two.check(&tokens.access_token).await.is_ok();
    ensure!(
        is_accepted().await,
        "the other server does not accept the token"
    );
    pair.one.revoke(&tokens.refresh_token).await;
    let revoked = Instant::now();
    while is_accepted().await {
        ensure!(
            revoked.elapsed() < REFUSAL_TIMEOUT,
            "the other server still accepts the revoked token"
        );
    }
    Ok(revoked.elapsed())
}
