//! The command line: commands, flags and their help.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::bench::http::Settings;
use crate::test::Request;

/// Builds, runs and tests Latchkey, and installs the tools that this needs.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
pub(crate) struct Cli {
    /// The command to run; without one, the help is printed.
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// The commands.
#[derive(Debug, PartialEq, Eq, Subcommand)]
pub(crate) enum Command {
    /// Build the pages and the server, and start the server with demo accounts
    ///
    /// The server listens on http://127.0.0.1:7000 by default.
    Run {
        /// Flags for `latchkey serve`
        #[arg(last = true, value_name = "FLAGS")]
        serve_flags: Vec<String>,
    },
    /// Like `run`, but rebuild and restart after each change to a source file
    ///
    /// Watches crates, style, public, Cargo.toml and Trunk.toml. If a build fails, the server from
    /// the last successful build keeps running.
    Dev {
        /// Flags for `latchkey serve`
        #[arg(last = true, value_name = "FLAGS")]
        serve_flags: Vec<String>,
    },
    /// Run the tests: all parts, or the given ones
    Test(Request),
    /// Build an optimized `latchkey` binary with embedded pages: target/dist/latchkey
    Dist {
        /// The target directory for cargo
        #[arg(long, value_name = "DIR")]
        target_dir: Option<PathBuf>,
    },
    /// Measure the performance of the server
    #[command(subcommand)]
    Bench(Bench),
    /// Check the project rules that the compiler does not check; same as `test tidy`
    Tidy,
}

/// The benchmarks.
#[derive(Debug, PartialEq, Eq, Subcommand)]
pub(crate) enum Bench {
    /// Compare an authenticated request with a bare axum route, and update docs/performance.md
    Http(Settings),
    /// Measure how soon a second server rejects tokens that were revoked on the first
    ///
    /// Uses Redis and PostgreSQL, and also measures the cost of sign-ins and refreshes.
    Propagation {
        /// The number of revocations
        #[arg(long, value_name = "N", default_value_t = 1000)]
        count: u32,
    },
    /// Measure how fast a server starts with a large denylist, and how much disk space sled uses
    Scale {
        /// The number of denials; repeat the flag to measure several sizes [default: several sizes]
        #[arg(long, value_name = "N")]
        denials: Vec<u32>,
    },
}

#[cfg(test)]
mod tests;
