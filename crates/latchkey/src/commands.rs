//! What the commands of the command line do, one file for each. The command line itself is in
//! `cli`, the server that `serve` starts in `app`.

mod config_check;
mod export;
mod import;
mod keys_rotate;
mod operate;
mod progress;
mod serve;
mod sessions;
mod users;

use crate::cli::{Cli, Command, ConfigCommand, KeysCommand};
use crate::data_dir;

/// Does what the command line says.
pub fn run(cli: Cli) -> anyhow::Result<()> {
    data_dir::keep_private();
    match cli.command {
        Command::Serve(flags) => runtime()?.block_on(serve::run(&flags)),
        Command::Config(ConfigCommand::Check(overrides)) => config_check::run(&overrides),
        Command::Keys(KeysCommand::Rotate(overrides)) => {
            runtime()?.block_on(keys_rotate::run(&overrides))
        }
        Command::Users(command) => runtime()?.block_on(users::run(command)),
        Command::Sessions(command) => runtime()?.block_on(sessions::run(command)),
        Command::Export(export) => runtime()?.block_on(export::run(export)),
        Command::Import(import) => runtime()?.block_on(import::run(import)),
    }
}

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?)
}

#[expect(
    clippy::print_stderr,
    reason = "what a command warns of goes to standard error"
)]
fn warn(sentence: &str) {
    eprintln!("latchkey: warning: {sentence}");
}

#[expect(
    clippy::print_stdout,
    reason = "what a command answers goes to standard output"
)]
fn say(sentence: &str) {
    println!("{sentence}");
}
