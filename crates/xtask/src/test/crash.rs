//! The real server, killed again and again amid its work, over one store.

use anyhow::{Result, ensure};

use super::count::Count;
use super::unit::{API, command};
use crate::process;
use crate::workspace::Workspace;

/// The one test that does it, in the test binary `api`: that has a client which knows of tokens.
const TEST: &str = "binary::crash::kills_lose_nothing_that_was_answered";

/// How often the server is killed, and when.
#[derive(Debug, PartialEq, Eq, clap::Args)]
pub(crate) struct Kills {
    /// For the part `crash`: how often the server is killed
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub(crate) rounds: u32,
    /// For the part `crash`: the seed of all random choices [default: a new one]
    #[arg(long, value_name = "S")]
    pub(crate) seed: Option<u64>,
}

/// Runs that test with so many rounds, and shows what it says.
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
    process::run_watched(&mut command, |line| count.see_cargo(line))?;
    ensure!(count.passed == 1, "the test {TEST} is gone");
    Ok(count)
}
