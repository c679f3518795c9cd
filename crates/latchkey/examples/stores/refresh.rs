//! What sign-ins, refreshes and revocations cost: many clients at one server, for each store.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use latchkey_testing::{Process, ServerProcess};
use latchkey_types::TokenResponse;
use reqwest::Client;
use tokio::task::JoinSet;

use crate::figures::{millis, percentile};
use crate::node::{self, Pair};
use crate::person;

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
    let http = person::client()?;
    let begun = Instant::now();
    let mut signing_in = JoinSet::new();
    for client in 0..CLIENTS {
        let (http, url) = (http.clone(), server.url().to_owned());
        signing_in.spawn(async move {
            let mut tokens = Vec::new();
            while begun.elapsed() < LENGTH {
                tokens.push(person::sign_in(&http, &url, client).await?);
            }
            Ok::<_, anyhow::Error>(tokens)
        });
    }
    let mut sign_ins = 0;
    let mut sessions = Vec::new();
    for tokens in signing_in.join_all().await {
        let tokens = tokens?;
        sign_ins += tokens.len();
        sessions.extend(tokens.into_iter().next_back());
    }
    let sign_ins = per_second(sign_ins, begun);

    let cpu = || (server.process().cpu(), database.map(Process::cpu));
    let before = cpu();
    let begun = Instant::now();
    let mut refreshing = JoinSet::new();
    for tokens in sessions {
        refreshing.spawn(refresh(
            http.clone(),
            server.url().to_owned(),
            tokens,
            begun,
        ));
    }
    let mut took = Vec::new();
    for durations in refreshing.join_all().await {
        took.extend(durations?);
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

async fn refresh(
    http: Client,
    url: String,
    mut tokens: TokenResponse,
    begun: Instant,
) -> Result<Vec<Duration>> {
    let mut took = Vec::new();
    while begun.elapsed() < LENGTH {
        let asked = Instant::now();
        let form = [
            ("grant_type", "refresh_token"),
            ("refresh_token", &tokens.refresh_token),
        ];
        let answer = http
            .post(format!("{url}/auth/token"))
            .form(&form)
            .send()
            .await?;
        ensure!(answer.status() == 200, "a refresh: {}", answer.status());
        tokens = answer.json().await?;
        took.push(asked.elapsed());
    }
    Ok(took)
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
