//! The throughput of sign-ins and refreshes, and the latency of refreshes: many clients of one
//! server, for each store.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;
use latchkey_testing::{ApiClient, Process, ServerProcess};
use latchkey_types::TokenResponse;
use tokio::task::JoinSet;

use crate::figures::{millis, percentile};
use crate::node::{self, Pair};

const CLIENTS: u64 = 32;
const RUN_TIME: Duration = Duration::from_secs(5);

pub(crate) async fn run(program: &Path) -> Result<()> {
    println!(
        "\n{CLIENTS} clients of one server, {} s each, on the same machine as the store:\n",
        RUN_TIME.as_secs()
    );
    println!(
        "| store | sign-ins/s | refreshes/s | p50 | p99 | server CPU per refresh | store CPU per refresh |"
    );
    println!("|---|---:|---:|---:|---:|---:|---:|");
    let folder = tempfile::tempdir()?;
    let sled = node::start(program, folder.path(), &[])?;
    measure("sled", &sled, None).await?;
    drop(sled);
    for (kind, name) in [("redis", "Redis"), ("postgres", "PostgreSQL")] {
        let mut pair = Pair::start(program, kind)?;
        measure(name, &pair.one, Some(pair.database.process())).await?;
    }
    Ok(())
}

async fn measure(name: &str, server: &ServerProcess, database: Option<&Process>) -> Result<()> {
    let api = ApiClient::new(server.url().to_owned());
    let start = Instant::now();
    let mut signing_in = JoinSet::new();
    for client in 0..CLIENTS {
        let api = api.clone();
        let email = format!("user-{client}@example.com");
        signing_in.spawn(async move {
            let mut tokens = Vec::new();
            while start.elapsed() < RUN_TIME {
                tokens.push(api.sign_in_as(&email).await);
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
    let sign_ins = per_second(sign_ins, start);

    let cpu = || (server.process().cpu(), database.map(Process::cpu));
    let before = cpu();
    let start = Instant::now();
    let mut refreshing = JoinSet::new();
    for tokens in sessions {
        refreshing.spawn(refresh(api.clone(), tokens, start));
    }
    let mut durations = Vec::new();
    for of_one_client in refreshing.join_all().await {
        durations.extend(of_one_client);
    }
    let refreshes = per_second(durations.len(), start);
    let after = cpu();
    let each = |time: Duration| micros(time, durations.len());
    let server_cpu = each(after.0.saturating_sub(before.0));
    let store_cpu = after
        .1
        .zip(before.1)
        .map(|(after, before)| each(after.saturating_sub(before)));
    let store_cpu = store_cpu.unwrap_or_else(|| "in server CPU".to_owned());
    durations.sort_unstable();
    let (p50, p99) = (percentile(&durations, 50), percentile(&durations, 99));
    let (p50, p99) = (millis(p50), millis(p99));
    println!(
        "| {name} | {sign_ins:.0} | {refreshes:.0} | {p50} | {p99} | {server_cpu} | {store_cpu} |"
    );
    Ok(())
}

async fn refresh(api: ApiClient, mut tokens: TokenResponse, start: Instant) -> Vec<Duration> {
    let mut durations = Vec::new();
    while start.elapsed() < RUN_TIME {
        let sent = Instant::now();
        tokens = api.refreshed(&tokens.refresh_token).await;
        durations.push(sent.elapsed());
    }
    durations
}

/// The total time divided by `count`, such as `250 µs`.
fn micros(time: Duration, count: usize) -> String {
    let each = time.as_micros() / count.max(1) as u128;
    format!("{each} µs")
}

#[expect(clippy::cast_precision_loss, reason = "approximate figures")]
fn per_second(count: usize, start: Instant) -> f64 {
    count as f64 / start.elapsed().as_secs_f64()
}
