//! A server that is killed at any moment has kept every promise that it made.
//!
//! One store for all rounds. In each, clients sign in, refresh, log out, revoke and are stolen
//! from, an operator bans somebody, and SIGKILL ends the server amid that, at times its next start
//! as well. Then, over the same store: what was answered holds, what was cut off is wholly done or
//! not at all, and every honest session goes on.
//!
//! A test of this binary and not of xtask: xtask knows nothing of tokens, this has a client that
//! does. `cargo xtask test crash` runs it with more rounds.

mod device;
mod person;
mod session;
mod tally;
mod town;
mod wire;

use std::env;
use std::thread::panicking;

use latchkey_core::rng;
use latchkey_tokens::SystemRng;
use tempfile::TempDir;

use town::Town;

/// Set by `cargo xtask test crash`.
const ROUNDS: &str = "LATCHKEY_CRASH_ROUNDS";
const SEED: &str = "LATCHKEY_CRASH_SEED";
/// Without that.
const FEW: usize = 5;

/// SECURITY 48, 51, 52, Faults.
#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn kills_lose_nothing_that_was_answered() {
    let rounds = number(ROUNDS).map_or(FEW, |rounds| usize::try_from(rounds).expect("rounds"));
    let seed =
        number(SEED).unwrap_or_else(|| u64::from(u32::from_be_bytes(rng::bytes(&SystemRng))));
    say(&format!("seed {seed}, {rounds} rounds"));
    let mut told = Told {
        seed,
        round: 0,
        folder: Some(tempfile::tempdir().expect("a directory")),
    };
    let folder = told.folder.as_ref().expect("a directory").path();
    let mut town = Town::found(folder.join("data"), seed);
    for round in 1..=rounds {
        told.round = round;
        town.round().await;
        if round % 10 == 0 {
            let (answered, cut_off) = town.tally.totals();
            say(&format!(
                "round {round}: {answered} acts answered, {cut_off} cut off, 0 lost"
            ));
        }
    }
    let (sessions, accounts) = town.try_all_of_old().await;
    say(&format!(
        "{}{rounds} kills, {sessions} ended sessions and {accounts} banned accounts tried again: \
         0 lost",
        town.tally.table()
    ));
}

fn number(variable: &str) -> Option<u64> {
    let text = env::var(variable).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{variable}: {text:?} is no number")),
    )
}

/// Says on failure how to have it again, and keeps the store.
struct Told {
    seed: u64,
    round: usize,
    folder: Option<TempDir>,
}

impl Drop for Told {
    fn drop(&mut self) {
        if panicking()
            && let Some(folder) = self.folder.take()
        {
            let Self { seed, round, .. } = self;
            let folder = folder.keep();
            say(&format!(
                "seed {seed}, round {round}; the store is kept in {}",
                folder.display()
            ));
        }
    }
}

#[expect(
    clippy::print_stdout,
    reason = "who waits for 100 rounds wants to see them pass"
)]
fn say(what: &str) {
    println!("{what}");
}
