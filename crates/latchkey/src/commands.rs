//! The commands, one file for each. Flags and arguments are in `cli`, the server that `serve` starts
//! in `app`.

mod admin;
mod audit;
mod config_check;
mod denials;
mod export;
mod import;
mod keys_list;
mod keys_rotate;
mod lists;
mod local_accounts;
mod offline;
mod printable;
mod progress;
mod report;
mod serve;
mod sessions;
mod time;
mod users;

use std::ffi::OsString;
use std::io::{Write as _, stderr, stdout};
use std::process::ExitCode;

use clap::Parser as _;
use latchkey_axum::internals::data_dir;
use printable::printable_lines;
use report::Report;

use crate::cli::{Cli, Command, ConfigCommand, KeysCommand};
use crate::failure::{Failure, FailureCode};

/// The exit code for an invalid command line, the same as clap's.
const USAGE: u8 = 2;

/// Runs the command and prints its result.
pub fn main(arguments: Vec<OsString>) -> ExitCode {
    // Read before parsing, because parsing errors are printed as JSON, too.
    let json = arguments.iter().any(|argument| argument == "--json");
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) if json && error.use_stderr() => {
            let text = error.to_string();
            return fail_with_json(&Failure::new(FailureCode::Usage, text.trim_end()));
        }
        Err(error) => error.exit(),
    };
    let json = cli.json;
    match run(cli) {
        Ok(report) if json => print_json(&report),
        Ok(report) => {
            if let Some(text) = report.text() {
                drop(writeln!(stdout(), "{text}"));
            }
        }
        Err(error) => {
            let failure = Failure::of(&error);
            if json {
                return fail_with_json(&failure);
            }
            // One line that includes the causes.
            let text = printable_lines(&format!("{error:#}"));
            drop(writeln!(stderr(), "latchkey: {text}"));
            return exit_code(&failure);
        }
    }
    ExitCode::SUCCESS
}

fn fail_with_json(failure: &Failure) -> ExitCode {
    print_json(failure);
    exit_code(failure)
}

fn exit_code(failure: &Failure) -> ExitCode {
    match failure.error {
        FailureCode::Usage => USAGE.into(),
        _ => ExitCode::FAILURE,
    }
}

fn print_json(value: &impl serde::Serialize) {
    let mut out = stdout();
    // Write errors are ignored: usually the reader has closed the pipe.
    drop(serde_json::to_writer(&mut out, value));
    drop(writeln!(out));
}

fn run(cli: Cli) -> anyhow::Result<Report> {
    data_dir::keep_private();
    let json = cli.json;
    match cli.command {
        Command::Serve(flags) => runtime()?.block_on(serve::run(&flags)),
        Command::Config(ConfigCommand::Check(overrides)) => config_check::run(&overrides),
        Command::Keys(KeysCommand::List(overrides)) => {
            runtime()?.block_on(keys_list::run(&overrides))
        }
        Command::Keys(KeysCommand::Rotate(overrides)) => {
            runtime()?.block_on(keys_rotate::run(&overrides))
        }
        Command::Users(command) => runtime()?.block_on(users::run(command)),
        Command::Sessions(command) => runtime()?.block_on(sessions::run(command)),
        Command::Denials(command) => runtime()?.block_on(denials::run(command)),
        Command::Audit(audit) => runtime()?.block_on(audit::run(audit)),
        Command::Export(export) => runtime()?.block_on(export::run(export, json)),
        Command::Import(import) => runtime()?.block_on(import::run(import)),
    }
}

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?)
}
