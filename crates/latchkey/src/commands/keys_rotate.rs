//! `latchkey keys rotate`: publishes a new signing key.

use latchkey_axum::Latchkey;
use latchkey_axum::internals::data_dir;

use super::offline::refuse_missing_store;
use super::report::Report;
use crate::cli::Overrides;
use crate::config;
use crate::control::protocol::Command;
use crate::control::{self, command_line, key_rotated};

/// Rotates the signing key, through the running server or, if no server is running, directly in the
/// store.
pub(super) async fn run(overrides: &Overrides) -> anyhow::Result<Report> {
    let config = config::load_for(overrides, std::env::vars_os())?;
    if let Some(outcome) = control::send(&config.data_dir, Command::RotateKeys).await? {
        return Ok(Report::Admin(outcome));
    }
    refuse_missing_store(&config)?;
    data_dir::create_private(&config.data_dir)?;
    // The public URL does not matter here: no token is issued.
    let latchkey = Latchkey::builder("http://localhost")
        .store(config.store())
        .master_key(config.master_key())
        .tokens(config.tokens)
        .open()
        .await?;
    let rotation = latchkey
        .services()
        .rotate_keys(Some(command_line()))
        .await?;
    latchkey.shutdown().await;
    Ok(Report::Admin(key_rotated(rotation)))
}
