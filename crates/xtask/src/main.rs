//! Project automation: `cargo xtask run`, `dev`, `test`, `dist`, `bench`, `tidy`.
//!
//! Also installs the tools that these commands need. This crate must compile quickly, even when the
//! rest of the workspace does not compile. So it contains no product code, and the only workspace
//! code that it uses is the process spawner of the test kit.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line tool prints to the terminal"
)]

mod bench;
mod cli;
mod dev;
mod dist;
mod fingerprint;
mod process;
mod progress;
mod run;
mod server;
mod spa;
mod test;
mod tidy;
mod tools;
mod workspace;

use std::process::ExitCode;

use anyhow::Result;
use clap::{CommandFactory as _, Parser as _};

use crate::bench::{http, stores};
use crate::cli::{Bench, Cli, Command};
use crate::workspace::Workspace;

fn main() -> ExitCode {
    match dispatch(Cli::parse()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("\nerror: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(cli: Cli) -> Result<ExitCode> {
    let Some(command) = cli.command else {
        Cli::command().print_help()?;
        return Ok(ExitCode::SUCCESS);
    };
    let workspace = Workspace::find()?;
    match command {
        Command::Run { serve_flags } => run::run(&workspace, &serve_flags)?,
        Command::Dev { serve_flags } => dev::run(&workspace, &serve_flags)?,
        Command::Test(request) => return test::run(&workspace, &request),
        Command::Dist { target_dir } => dist::run(&workspace, target_dir)?,
        Command::Bench(Bench::Http(settings)) => http::run(&workspace, &settings)?,
        Command::Bench(Bench::Propagation { count }) => stores::propagation(&workspace, count)?,
        Command::Bench(Bench::Scale { denials }) => stores::scale(&workspace, &denials)?,
        Command::Tidy => tidy::run(&workspace)?,
    }
    Ok(ExitCode::SUCCESS)
}
