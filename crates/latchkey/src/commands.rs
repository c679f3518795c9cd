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

use std::sync::Arc;

use anyhow::{Context as _, bail};
use latchkey_axum::internals::data_dir;
use latchkey_store::Store;
use latchkey_tokens::MasterKey;

use crate::cli::{Cli, Command, ConfigCommand, KeysCommand};
use crate::config::Config;

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

/// Opens the store that no server has open, without creating one.
async fn open_at_rest(config: &Config) -> anyhow::Result<Arc<dyn Store>> {
    if config.store.shared().is_none() {
        let path = data_dir::store_path(&config.data_dir);
        let there = path.try_exists();
        if !there.with_context(|| format!("data_dir: {}", config.data_dir.display()))? {
            bail!("there is no store in {}; check --data-dir", path.display());
        }
    }
    Ok(config.store().open_existing().await?)
}

/// Reads the master key that backups are authenticated with.
fn known_key(config: &Config) -> anyhow::Result<Arc<MasterKey>> {
    let path = match &config.master_key_file {
        Some(path) => path.clone(),
        None => config.data_dir.join("master.key"),
    };
    config.master_key().read().with_context(|| {
        format!(
            "the master key {}: the backup needs the one of the server that it was made of",
            path.display()
        )
    })
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
