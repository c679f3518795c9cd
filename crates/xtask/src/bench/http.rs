//! Benchmark: `GET /api/me` with an ES256 token and a large denylist, compared with a bare axum
//! route.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use latchkey_testing::ServerProcess;

use super::load::{Load, Sample};
use super::report::{self, Report};
use crate::dist::{self, Sizes};
use crate::tools::{c_compiler, debian};
use crate::workspace::Workspace;
use crate::{process, progress};

/// The settings of the benchmark.
#[derive(Debug, PartialEq, Eq, clap::Args)]
pub(crate) struct Settings {
    /// How many times to measure each server, alternating between the two
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub(crate) rounds: u32,
    /// The duration of each measurement, in seconds
    #[arg(long, value_name = "N", default_value_t = 8)]
    pub(crate) seconds: u32,
    /// The number of active denials in the denylist
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    pub(crate) denials: u32,
}

const TARGET: &str = "/api/me";

/// Runs the benchmark, prints the results and writes them to docs/performance.md.
pub(crate) fn run(workspace: &Workspace, settings: &Settings) -> Result<()> {
    c_compiler::ensure()?;
    ensure_wrk()?;
    let built = dist::build(workspace, None)?;
    build_examples(workspace, &built.pages)?;
    let example = |name| workspace.target_dir().join("release/examples").join(name);
    let folder = tempfile::tempdir().context("cannot create a temporary directory")?;
    seed(&example("stores"), folder.path(), settings.denials)?;
    let latchkey = start_latchkey(&built.program, folder.path())?;
    let token = access_token(&example("stores"), latchkey.url())?;
    let authorization = format!("Bearer {token}");
    let body = response_body(latchkey.url(), &authorization)?;
    let mut command = Command::new(example("bare_axum"));
    command.args(["127.0.0.1:0", TARGET, &body]);
    let bare = ServerProcess::start(&mut command)?;

    let load = Load {
        seconds: settings.seconds,
        target: TARGET,
        authorization: &authorization,
    };
    let mut bare_samples = Vec::new();
    let mut latchkey_samples = Vec::new();
    for round in 1..=settings.rounds {
        progress::step(&format!("Round {round} of {}", settings.rounds), || {
            bare_samples.push(print_sample("bare axum", load.run_against(bare.socket()?)?));
            latchkey_samples.push(print_sample(
                "latchkey",
                load.run_against(latchkey.socket()?)?,
            ));
            Ok(())
        })?;
    }
    latchkey.stop()?;
    let report = Report {
        bare: Sample::median(&bare_samples).context("no round was run")?,
        latchkey: Sample::median(&latchkey_samples).context("no round was run")?,
        denials: settings.denials,
        rounds: settings.rounds,
        load: load.describe(),
        sizes: Sizes::of(&built)?,
    };
    report::write(workspace, &report)
}

fn print_sample(what: &str, sample: Sample) -> Sample {
    progress::note(&format!("{what:<10} {sample}"));
    sample
}

fn ensure_wrk() -> Result<()> {
    if process::on_path("wrk").is_some() {
        return Ok(());
    }
    debian::install(&["wrk"]).context(
        "the load generator `wrk` is missing: install it with your system's package manager",
    )
}

/// Builds the bare axum server, which sends the same response body, and the helper that fills the
/// store and signs in.
fn build_examples(workspace: &Workspace, pages: &Path) -> Result<()> {
    progress::step("Building the bare axum server", || {
        let mut command = workspace.cargo();
        command.args(["build", "--release", "-p", "latchkey"]);
        command.args(["--example", "bare_axum", "--example", "stores"]);
        // The same value as when the server is built: otherwise cargo would rebuild the crate.
        process::run(command.env("LATCHKEY_EMBED_DIST", pages))
    })
}

fn seed(stores: &Path, folder: &Path, denials: u32) -> Result<()> {
    progress::step(&format!("Writing {denials} active denials"), || {
        let mut command = Command::new(stores);
        command
            .current_dir(folder)
            .args(["seed", "data", &denials.to_string()]);
        process::run(&mut command)
    })
}

/// Signs in with a demo account and returns the access token.
fn access_token(stores: &Path, server: &str) -> Result<String> {
    process::stdout_of(Command::new(stores).args(["sign-in", server]))
}

fn start_latchkey(program: &Path, folder: &Path) -> Result<ServerProcess> {
    let mut command = Command::new(program);
    command
        .current_dir(folder)
        .args([
            "serve",
            "--demo",
            "--listen",
            "127.0.0.1:0",
            "--data-dir",
            "data",
        ])
        // Longer than the benchmark, so that the token does not expire.
        .env("LATCHKEY_TOKENS__ACCESS_TTL", "1h");
    ServerProcess::start(&mut command)
}

fn response_body(server: &str, authorization: &str) -> Result<String> {
    let request = ureq::get(format!("{server}{TARGET}")).header("authorization", authorization);
    let response = request.call().with_context(|| format!("GET {TARGET}"))?;
    Ok(response.into_body().read_to_string()?)
}
