//! From the answer to a revocation at one server to the first refusal at the other, which is
//! asked without a pause.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use reqwest::Client;

use crate::figures::{millis, percentile};
use crate::node::Pair;
use crate::person;

/// Nothing takes longer.
const PATIENCE: Duration = Duration::from_secs(5);

pub(crate) async fn run(program: &Path, count: u64) -> Result<()> {
    println!("{count} revocations on one server, until the other refused the token:\n");
    println!("| store | median | p99 | longest |");
    println!("|---|---:|---:|---:|");
    for (kind, name) in [("redis", "Redis"), ("postgres", "PostgreSQL")] {
        let pair = Pair::start(program, kind)?;
        let http = person::client()?;
        let mut took = Vec::new();
        for number in 0..count {
            took.push(once(&http, &pair, number).await?);
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

async fn once(http: &Client, pair: &Pair, number: u64) -> Result<Duration> {
    let tokens = person::sign_in(http, pair.one.url(), number % 50).await?;
    let check = format!("{}/api/protected", pair.two.url());
    let is_taken = async || -> Result<bool> {
        let answer = http
            .get(&check)
            .bearer_auth(&tokens.access_token)
            .send()
            .await?;
        ensure!(
            [200, 401].contains(&answer.status().as_u16()),
            "{}",
            answer.status()
        );
        Ok(answer.status() == 200)
    };
    ensure!(
        is_taken().await?,
        "the other server does not know the token"
    );
    let revoke = http.post(format!("{}/auth/revoke", pair.one.url()));
    let answer = revoke
        .form(&[("token", &tokens.refresh_token)])
        .send()
        .await?;
    ensure!(answer.status() == 200, "a revocation: {}", answer.status());
    let answered = Instant::now();
    while is_taken().await? {
        ensure!(answered.elapsed() < PATIENCE, "the other server never knew");
    }
    Ok(answered.elapsed())
}
