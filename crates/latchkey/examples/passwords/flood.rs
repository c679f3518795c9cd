//! Measures how much a flood of sign-ins with passwords delays other requests.
//!
//! Sends `GET /api/me` a hundred times a second, in three rounds: in each, first without a flood, then
//! during one. In the flood, 64 clients, each with its own address, sign in repeatedly, half of them
//! with the right password. A client that is refused with status 429 waits for a tenth of a second.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use latchkey_testing::{ApiClient, tokens};
use tokio::runtime::Runtime;
use tokio::time::MissedTickBehavior;

use crate::server::{PASSWORD, WRONG_PASSWORD, serve, sign_in};

const ROUNDS: usize = 3;
/// The time between two measured requests.
const INTERVAL: Duration = Duration::from_millis(10);
const FLOOD_CLIENTS: u8 = 64;
/// How long a client waits after a refusal.
const FLOOD_PAUSE: Duration = Duration::from_millis(100);
/// The user that signs in during the flood. New sessions displace this user's older ones, so another
/// user sends the measured requests.
const FLOODED: &str = "ada";
const MEASURED: &str = "grace";

/// Each round measures for this many seconds without a flood, and for as many during it.
pub(crate) fn run(seconds: u32) -> Result<()> {
    let period = Duration::from_secs(seconds.into());
    let folder = tempfile::tempdir()?;
    // Separate runtimes, so that the clients do not wait for the server's tasks.
    let server = Runtime::new()?;
    let flooding = Runtime::new()?;
    let measuring = Runtime::new()?;
    let url = format!(
        "http://{}",
        server.block_on(serve(folder.path(), &[FLOODED, MEASURED]))?
    );
    let client = ApiClient::new(url);
    let token = measuring.block_on(async {
        let response = sign_in(&client, "192.0.2.1", MEASURED, PASSWORD)
            .send()
            .await?;
        anyhow::Ok(tokens(response).await.access_token)
    })?;
    let (mut quiet, mut flooded) = (Vec::new(), Vec::new());
    let (mut verified, mut refused) = (0, 0);
    for _ in 0..ROUNDS {
        quiet.extend(measuring.block_on(measure(&client, &token, period))?);
        let flood = Flood::start(&flooding, &client);
        // Wait until the server has verified the first password of the flood.
        while flood.counts.verified.load(Ordering::Relaxed) == 0 {
            thread::sleep(INTERVAL);
        }
        flooded.extend(measuring.block_on(measure(&client, &token, period))?);
        let counts = flood.stop(&flooding);
        verified += counts.verified.load(Ordering::Relaxed);
        refused += counts.refused.load(Ordering::Relaxed);
    }
    print(&mut quiet, &mut flooded);
    println!();
    println!("The flood: {verified} passwords were verified, {refused} requests refused with 429.");
    Ok(())
}

fn print(quiet: &mut [Duration], flooded: &mut [Duration]) {
    println!("| `GET /api/me` | requests | mean | p50 | p90 | p95 | p99 |");
    println!("|---|---:|---:|---:|---:|---:|---:|");
    let quiet = row("without a flood", quiet);
    let flooded = row("during a flood", flooded);
    print!("| ratio | |");
    for (flooded, quiet) in flooded.iter().zip(quiet) {
        print!(" {:.2} |", flooded.as_secs_f64() / quiet.as_secs_f64());
    }
    println!();
}

/// Prints the mean and these percentiles, and returns them.
fn row(name: &str, times: &mut [Duration]) -> Vec<Duration> {
    times.sort_unstable();
    let count = u32::try_from(times.len()).expect("some thousands");
    let mut figures = vec![times.iter().sum::<Duration>() / count];
    figures.extend([50, 90, 95, 99].map(|percent| times[(times.len() - 1) * percent / 100]));
    print!("| {name} | {count} |");
    for figure in &figures {
        print!(" {:.2} ms |", figure.as_secs_f64() * 1000.0);
    }
    println!();
    figures
}

/// Sends requests at regular intervals and returns their response times.
async fn measure(client: &ApiClient, token: &str, period: Duration) -> Result<Vec<Duration>> {
    let mut times = Vec::new();
    let mut ticks = tokio::time::interval(INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let end = Instant::now() + period;
    while Instant::now() < end {
        ticks.tick().await;
        let start = Instant::now();
        let response = client.get_as("/api/me", token).await;
        ensure!(response.status() == 200, "status {}", response.status());
        response.bytes().await?;
        times.push(start.elapsed());
    }
    Ok(times)
}

/// Clients that sign in until they are stopped.
struct Flood {
    counts: Arc<Counts>,
    clients: Vec<tokio::task::JoinHandle<()>>,
}

#[derive(Default)]
struct Counts {
    stopped: AtomicBool,
    verified: AtomicUsize,
    refused: AtomicUsize,
}

impl Flood {
    fn start(runtime: &Runtime, client: &ApiClient) -> Self {
        let counts = Arc::new(Counts::default());
        let clients = (0..FLOOD_CLIENTS).map(|number| {
            let (client, counts) = (client.clone(), Arc::clone(&counts));
            runtime.spawn(sign_in_repeatedly(number, client, counts))
        });
        let clients = clients.collect();
        Self { counts, clients }
    }

    fn stop(self, runtime: &Runtime) -> Arc<Counts> {
        self.counts.stopped.store(true, Ordering::Relaxed);
        runtime.block_on(async {
            for client in self.clients {
                client.await.expect("no panic");
            }
        });
        self.counts
    }
}

async fn sign_in_repeatedly(number: u8, client: ApiClient, counts: Arc<Counts>) {
    let address = format!("198.51.100.{number}");
    let password = if number.is_multiple_of(2) {
        PASSWORD
    } else {
        WRONG_PASSWORD
    };
    while !counts.stopped.load(Ordering::Relaxed) {
        let response = sign_in(&client, &address, FLOODED, password).send().await;
        let status = response.expect("a response").status().as_u16();
        if status == 429 {
            counts.refused.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(FLOOD_PAUSE).await;
        } else {
            counts.verified.fetch_add(1, Ordering::Relaxed);
        }
    }
}
