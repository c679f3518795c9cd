//! What sign-ins, refreshes and revocations cost: many clients at one server, for each store.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;
use latchkey_testing::{ApiClient, Process, ServerProcess};
use latchkey_types::TokenResponse;
use tokio::task::JoinSet;

use crate::figures::{millis, percentile};
use crate::node::{self, Pair};

const CLIENTS: u64 = 32;
const LENGTH: Duration = Duration::from_secs(5);

pub(crate) async fn run(program: &Path) -> Result<()> {
    println!(
        "\n{CLIENTS} clients at one server, {} s each, on the same machine as the store:\n",
        LENGTH.as_secs()
    );
    println!(
        "| store | sign-ins/s | refreshes/s | p50 | p99 | server's time per refresh | store's |"
    );
    println!("|---|---:|---:|---:|---:|---:|---:|");
    let folder = tempfile::tempdir()?;
    let sled = node::start(program, folder.path(), &[])?;
    row("sled", &sled, None).await?;
    drop(sled);
    for (kind, name) in [("redis", "Redis"), ("postgres", "PostgreSQL")] {
        let mut pair = Pair::start(program, kind)?;
        row(name, &pair.one, Some(pair.database.process())).await?;
    }
    Ok(())
}

async fn row(name: &str, server: &ServerProcess, database: Option<&Process>) -> Result<()> {
    let caller = ApiClient::new(server.url().to_owned());
    let begun = Instant::now();
    let mut signing_in = JoinSet::new();
    for client in 0..CLIENTS {
        let caller = caller.clone();
        let email = format!("person-{client}@example.com");
        signing_in.spawn(async move {
            let mut tokens = Vec::new();
            while begun.elapsed() < LENGTH {
                tokens.push(caller.sign_in_as(&email).await);
            }
            tokens
        });
    }
    let mut sign_ins = 0;
    let mut sessions = Vec::new();
    for tokens in signing_in.join_all().await {
        sign_ins += tokens.len();
        sessions.extend(tokens.into_iter().next_back());
    }
    let sign_ins = per_second(sign_ins, begun);

    let cpu = || (server.process().cpu(), database.map(Process::cpu));
    let before = cpu();
    let begun = Instant::now();
    let mut refreshing = JoinSet::new();
    for tokens in sessions {
        refreshing.spawn(refresh(caller.clone(), tokens, begun));
    }
    let mut took = Vec::new();
    for durations in refreshing.join_all().await {
        took.extend(durations);
    }
    let refreshes = per_second(took.len(), begun);
    let after = cpu();
    let each = |time: Duration| micros(time, took.len());
    let own = each(after.0.saturating_sub(before.0));
    let store = after
        .1
        .zip(before.1)
        .map(|(after, before)| each(after.saturating_sub(before)));
    let store = store.unwrap_or_else(|| "within".to_owned());
    took.sort_unstable();
    let (p50, p99) = (percentile(&took, 50), percentile(&took, 99));
    let (p50, p99) = (millis(p50), millis(p99));
    println!("| {name} | {sign_ins:.0} | {refreshes:.0} | {p50} | {p99} | {own} | {store} |");
    Ok(())
}

async fn refresh(caller: ApiClient, mut tokens: TokenResponse, begun: Instant) -> Vec<Duration> {
    let mut took = Vec::new();
    while begun.elapsed() < LENGTH {
        let asked = Instant::now();
        tokens = caller.refreshed(&tokens.refresh_token).await;
        took.push(asked.elapsed());
    }
    took
}

/// `250 µs`: what each of them took of this.
fn micros(time: Duration, count: usize) -> String {
    let each = time.as_micros() / count.max(1) as u128;
    format!("{each} µs")
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
fn per_second(count: usize, begun: Instant) -> f64 {
    count as f64 / begun.elapsed().as_secs_f64()
}
