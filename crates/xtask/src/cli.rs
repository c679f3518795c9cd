//! The command line: commands, flags and their help.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::bench::http::Settings;
use crate::test::Request;

/// Builds, runs and tests Latchkey, and installs the tools that this needs.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
pub(crate) struct Cli {
    /// What to do; without it, the help is shown.
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// What the person wants.
#[derive(Debug, PartialEq, Eq, Subcommand)]
pub(crate) enum Command {
    /// Build the pages and the server, and start them with demo accounts
    ///
    /// The server listens on http://127.0.0.1:7000 unless the flags say otherwise.
    Run {
        /// Flags for `latchkey serve`
        #[arg(last = true, value_name = "FLAGS")]
        serve_flags: Vec<String>,
    },
    /// Like `run`, and build and restart after each change of a source file
    ///
    /// Watches the folders crates, style and public. While a build fails, the server of the last
    /// successful build keeps running.
    Dev {
        /// Flags for `latchkey serve`
        #[arg(last = true, value_name = "FLAGS")]
        serve_flags: Vec<String>,
    },
    /// Run the tests: all parts, or those named
    Test(Request),
    /// Build one optimised `latchkey` with the pages inside: target/dist/latchkey
    Dist {
        /// The folder in which cargo builds
        #[arg(long, value_name = "DIR")]
        target_dir: Option<PathBuf>,
    },
    /// Measure the performance of the server
    #[command(subcommand)]
    Bench(Bench),
    /// Check the rules of ARCHITECTURE.md that no compiler checks, like `test tidy`
    Tidy,
}

/// What to measure.
#[derive(Debug, PartialEq, Eq, Subcommand)]
pub(crate) enum Bench {
    /// Measure an authenticated request beside a bare axum route, and update docs/performance.md
    Http(Settings),
    /// Measure how soon a second server refuses what was revoked at the first
    ///
    /// Does so over Redis and over PostgreSQL, and measures what sign-ins and refreshes cost.
    Propagation {
        /// The number of revocations
        #[arg(long, value_name = "N", default_value_t = 1000)]
        count: u32,
    },
    /// Measure how fast a server starts with a long denylist, and how large sled becomes
    Scale {
        /// The number of denials, once for each measurement [default: several sizes]
        #[arg(long, value_name = "N")]
        denials: Vec<u32>,
    },
}

#[cfg(test)]
mod tests;
