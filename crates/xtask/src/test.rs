//! `cargo xtask test`: everything that must pass before a change is merged, in parts.

mod api;
mod browser_wasm;
mod count;
pub(crate) mod crash;
mod dist;
mod e2e;
mod lint;
mod summary;
mod unit;

use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};

use self::crash::Kills;
use self::summary::{Done, Outcome};
use crate::tidy;
use crate::tools::c_compiler;
use crate::workspace::Workspace;

/// A part of the tests. The parts run in this order, fast ones first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// Formatting
    Fmt,
    /// Project rules that the compiler does not check
    Tidy,
    /// Advisories, licenses and sources of all dependencies (cargo-deny)
    Deny,
    /// Lints for the host and for the browser
    Clippy,
    /// Unit, integration and documentation tests of the host crates
    Unit,
    /// Tests of the HTTP API
    Api,
    /// Tests that kill the server at random moments
    Crash,
    /// Tests of the client and the pages in a headless browser
    Wasm,
    /// End-to-end tests with Playwright: a browser, the real server, an independent provider
    E2e,
    /// The binary of `cargo xtask dist`, started in an empty directory
    Dist,
}

impl Part {
    /// The name on the command line.
    fn name(self) -> String {
        let value = self.to_possible_value();
        value.map_or_else(String::new, |value| value.get_name().to_owned())
    }

    /// Runs this part.
    fn run(self, workspace: &Workspace, request: &Request) -> Result<Done> {
        let args = &request.runner_args;
        match self {
            Self::Fmt => lint::fmt(workspace).map(|()| Done::Passed),
            Self::Tidy => tidy::run(workspace).map(|()| Done::Passed),
            Self::Deny => lint::deny(workspace),
            Self::Clippy => lint::clippy(workspace).map(|()| Done::Passed),
            Self::Unit => unit::run(workspace, args).map(Done::Counted),
            Self::Api => api::run(workspace, args).map(Done::Counted),
            Self::Crash => crash::run(workspace, &request.kills).map(Done::Counted),
            Self::Wasm => browser_wasm::run(workspace, args).map(Done::Counted),
            Self::E2e => e2e::run(workspace, args).map(Done::Counted),
            Self::Dist => dist::run(workspace).map(|()| Done::Passed),
        }
    }
}

/// The parts to run, and their arguments.
#[derive(Debug, PartialEq, Eq, Args)]
pub(crate) struct Request {
    /// The parts to run [default: all]
    #[arg(value_name = "PART")]
    pub(crate) parts: Vec<Part>,
    /// Arguments for the test runner, if a single part is given
    #[arg(last = true, value_name = "ARGS")]
    pub(crate) runner_args: Vec<String>,
    /// For the part `crash`.
    #[command(flatten)]
    pub(crate) kills: Kills,
}

/// Runs the given parts, or all, and continues after a failure.
pub(crate) fn run(workspace: &Workspace, request: &Request) -> Result<ExitCode> {
    if !request.runner_args.is_empty() && request.parts.len() != 1 {
        bail!(
            "arguments after `--` require exactly one part, as in `cargo xtask test e2e -- -g x`"
        );
    }
    c_compiler::ensure()?;
    let mut outcomes = Vec::new();
    for part in chosen(&request.parts) {
        println!("\n──── {} ────", part.name());
        let start = Instant::now();
        let result = part.run(workspace, request);
        if let Err(error) = &result {
            eprintln!("\n{}: {error:#}", part.name());
        }
        outcomes.push(Outcome {
            part: part.name(),
            took: start.elapsed(),
            result,
        });
    }
    print!("\n{}", summary::table(&outcomes));
    let of = |kind: fn(&Outcome) -> bool| outcomes.iter().filter(|outcome| kind(outcome)).count();
    let failed = of(|outcome| outcome.result.is_err());
    let skipped = of(|outcome| matches!(outcome.result, Ok(Done::Skipped(_))));
    let passed = outcomes.len() - failed - skipped;
    println!("\n{passed} passed, {failed} failed, {skipped} skipped");
    // The table shows which parts failed; the errors are printed above it.
    Ok(if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// The parts to run, each once and in the order of execution; all if none is given.
fn chosen(named: &[Part]) -> Vec<Part> {
    Part::value_variants()
        .iter()
        .copied()
        .filter(|part| named.is_empty() || named.contains(part))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_part_means_all_and_the_order_is_fixed() {
        assert_eq!(chosen(&[]), Part::value_variants());
        assert_eq!(chosen(&[Part::Dist]), [Part::Dist]);
        assert_eq!(
            chosen(&[Part::E2e, Part::Fmt, Part::E2e]),
            [Part::Fmt, Part::E2e]
        );
    }
}
