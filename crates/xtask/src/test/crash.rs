//! Kills the real server repeatedly under load and restarts it with the same store.

use anyhow::{Result, ensure};

use super::count::Count;
use super::unit::{API, command};
use crate::process;
use crate::workspace::Workspace;

/// The name of the test. It is in the test binary `api`, which has a client that handles tokens.
const TEST: &str = "binary::crash::kills_lose_no_acknowledged_change";

/// The settings of the crash test.
#[derive(Debug, PartialEq, Eq, clap::Args)]
pub(crate) struct Kills {
    /// For the part `crash`: how many times to kill the server
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub(crate) rounds: u32,
    /// For the part `crash`: the seed of the random choices [default: random]
    #[arg(long, value_name = "S")]
    pub(crate) seed: Option<u64>,
}

/// Runs the crash test and prints its output.
pub(crate) fn run(workspace: &Workspace, kills: &Kills) -> Result<Count> {
    let selection = ["--test".to_owned(), API.to_owned()];
    let args = ["--exact", "--nocapture", TEST].map(str::to_owned);
    let mut command = command(workspace, &selection, &args);
    command.env("LATCHKEY_CRASH_ROUNDS", kills.rounds.to_string());
    match kills.seed {
        Some(seed) => command.env("LATCHKEY_CRASH_SEED", seed.to_string()),
        None => command.env_remove("LATCHKEY_CRASH_SEED"),
    };
    let mut count = Count::default();
    process::run_watched(&mut command, |line| count.add_cargo_line(line))?;
    ensure!(count.passed == 1, "the test {TEST} does not exist");
    Ok(count)
}
