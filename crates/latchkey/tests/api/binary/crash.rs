//! Crash test: a server that is killed at any time keeps every acknowledged change.
//!
//! All rounds use one store. In each round, clients sign in, refresh, log out and revoke, thieves
//! replay tokens, an operator bans a user, and SIGKILL ends the server in the middle. Sometimes it
//! is killed again while it restarts. After a restart over the same store, every acknowledged
//! change holds, every interrupted one is applied completely or not at all, and every legitimate
//! session stays live.
//!
//! `cargo xtask test crash` runs it with more rounds.

mod device;
mod session;
mod simulation;
mod stats;
mod transport;
mod user;

use std::env;
use std::thread::panicking;

use latchkey_core::rng;
use latchkey_tokens::SystemRng;
use tempfile::TempDir;

use simulation::CrashSimulation;

/// The environment variable for the number of rounds; `cargo xtask test crash` sets it.
const ROUNDS: &str = "LATCHKEY_CRASH_ROUNDS";
/// The environment variable for the seed of the random generator, to repeat a run.
const SEED: &str = "LATCHKEY_CRASH_SEED";
/// The number of rounds if [`ROUNDS`] is not set.
const DEFAULT_ROUNDS: usize = 5;

/// SECURITY 48, 51, 52.
#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn kills_lose_no_acknowledged_change() {
    let rounds = number(ROUNDS).map_or(DEFAULT_ROUNDS, |rounds| {
        usize::try_from(rounds).expect("rounds")
    });
    let seed =
        number(SEED).unwrap_or_else(|| u64::from(u32::from_be_bytes(rng::bytes(&SystemRng))));
    print(&format!("seed {seed}, {rounds} rounds"));
    let mut report = FailureReport {
        seed,
        round: 0,
        folder: Some(tempfile::tempdir().expect("a directory")),
    };
    let folder = report.folder.as_ref().expect("a directory").path();
    let mut simulation = CrashSimulation::new(folder.join("data"), seed);
    for round in 1..=rounds {
        report.round = round;
        simulation.round().await;
        if round % 10 == 0 {
            let (acknowledged, cut_off) = simulation.stats.totals();
            print(&format!(
                "round {round}: {acknowledged} operations acknowledged, {cut_off} cut off, 0 lost"
            ));
        }
    }
    let (sessions, users) = simulation.check_all_ended().await;
    print(&format!(
        "{}{rounds} kills, {sessions} ended sessions and {users} banned users checked again: \
         0 lost",
        simulation.stats.table()
    ));
}

fn number(variable: &str) -> Option<u64> {
    let text = env::var(variable).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{variable}: {text:?} is not a number")),
    )
}

/// On failure, prints the seed and round, and keeps the store.
struct FailureReport {
    seed: u64,
    round: usize,
    folder: Option<TempDir>,
}

impl Drop for FailureReport {
    fn drop(&mut self) {
        if panicking()
            && let Some(folder) = self.folder.take()
        {
            let Self { seed, round, .. } = self;
            let folder = folder.keep();
            print(&format!(
                "seed {seed}, round {round}; the store is kept in {}",
                folder.display()
            ));
        }
    }
}

#[expect(clippy::print_stdout, reason = "shows progress during 100 rounds")]
fn print(what: &str) {
    println!("{what}");
}
