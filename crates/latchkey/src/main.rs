//! The `latchkey` command.

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;
use latchkey::cli::Cli;
use latchkey::commands;

/// Every request allocates some dozens of times, from several threads.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match commands::run(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // One sentence, causes included; the format that every command shares.
            drop(writeln!(std::io::stderr(), "latchkey: {error:#}"));
            ExitCode::FAILURE
        }
    }
}
