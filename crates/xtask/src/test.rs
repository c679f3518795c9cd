//! `cargo xtask test`: all that is checked before a change is good, in parts.

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

use anyhow::{Context, Result, bail};

use self::count::Count;
use self::crash::Kills;
use self::summary::Outcome;
use crate::tidy;
use crate::tools::c_compiler;
use crate::workspace::Workspace;

/// A part of the tests, quick ones first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// The formatting.
    Fmt,
    /// The rules of ARCHITECTURE.md that no compiler checks.
    Tidy,
    /// Clippy over the host crates and over the browser's.
    Clippy,
    /// Unit tests and documentation tests of the host crates.
    Unit,
    /// The HTTP API.
    Api,
    /// The server killed again and again amid its work.
    Crash,
    /// The client's tests in a headless browser.
    Wasm,
    /// Playwright: a browser, the real server, a provider nobody here wrote.
    E2e,
    /// The one binary of `cargo xtask dist`, started from an empty folder.
    Dist,
}

impl Part {
    /// All of them, in the order in which they run.
    const ALL: [Self; 9] = [
        Self::Fmt,
        Self::Tidy,
        Self::Clippy,
        Self::Unit,
        Self::Api,
        Self::Crash,
        Self::Wasm,
        Self::E2e,
        Self::Dist,
    ];

    /// The part of this name.
    pub(crate) fn named(name: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|part| part.name() == name);
        found.with_context(|| format!("there is no part `{name}`"))
    }

    /// The name on the command line.
    fn name(self) -> &'static str {
        match self {
            Self::Fmt => "fmt",
            Self::Tidy => "tidy",
            Self::Clippy => "clippy",
            Self::Unit => "unit",
            Self::Api => "api",
            Self::Crash => "crash",
            Self::Wasm => "wasm",
            Self::E2e => "e2e",
            Self::Dist => "dist",
        }
    }

    /// Does it.
    fn run(self, workspace: &Workspace, request: &Request) -> Result<Option<Count>> {
        let args = &request.runner_args;
        match self {
            Self::Fmt => lint::fmt(workspace).map(|()| None),
            Self::Tidy => tidy::run(workspace)
                .and_then(|()| lint::deny(workspace))
                .map(|()| None),
            Self::Clippy => lint::clippy(workspace).map(|()| None),
            Self::Unit => unit::run(workspace, args).map(Some),
            Self::Api => api::run(workspace, args).map(Some),
            Self::Crash => crash::run(workspace, &request.kills).map(Some),
            Self::Wasm => browser_wasm::run(workspace, args).map(Some),
            Self::E2e => e2e::run(workspace, args).map(Some),
            Self::Dist => dist::run(workspace).map(|()| None),
        }
    }
}

/// What is to be run, and how.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Request {
    /// The parts named; all if none is.
    pub(crate) parts: Vec<Part>,
    /// For the test runner of the one part named.
    pub(crate) runner_args: Vec<String>,
    /// For the part `crash`.
    pub(crate) kills: Kills,
}

/// Runs the parts named, or all; goes on after one that fails.
pub(crate) fn run(workspace: &Workspace, request: &Request) -> Result<ExitCode> {
    if !request.runner_args.is_empty() && request.parts.len() != 1 {
        bail!(
            "arguments after `--` are for one part: name it, as in `cargo xtask test e2e -- -g x`"
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
    let failed = outcomes
        .iter()
        .filter(|outcome| outcome.result.is_err())
        .count();
    println!("\n{} passed, {failed} failed", outcomes.len() - failed);
    // The table has said which failed, and why stands above it.
    Ok(if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// In the order of the list, whatever order they are named in, each once; without names, all.
fn chosen(named: &[Part]) -> Vec<Part> {
    Part::ALL
        .into_iter()
        .filter(|part| named.is_empty() || named.contains(part))
        .collect()
}

#[cfg(test)]
mod tests;
