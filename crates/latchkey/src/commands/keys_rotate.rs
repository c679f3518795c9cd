//! `latchkey keys rotate`.

use latchkey_axum::Latchkey;
use latchkey_axum::internals::data_dir;

use super::report::Report;
use crate::cli::Overrides;
use crate::config;
use crate::control::protocol::Command;
use crate::control::{self, rotated_to};

/// Rotates the signing key: by asking the server that runs over this store, or in the store if
/// none does.
pub(super) async fn run(overrides: &Overrides) -> anyhow::Result<Report> {
    let config = config::load_for(overrides, std::env::vars_os())?;
    if let Some(outcome) = control::ask(&config.data_dir, Command::RotateKeys).await? {
        return Ok(Report::Admin(outcome));
    }
    data_dir::make(&config.data_dir)?;
    // The public URL does not matter here: no token is issued.
    let latchkey = Latchkey::builder("http://localhost")
        .store(config.store())
        .master_key(config.master_key())
        .tokens(config.tokens)
        .open()
        .await?;
    let kid = latchkey.operator().rotate_keys().await?;
    latchkey.shutdown().await;
    Ok(Report::Admin(rotated_to(kid)))
}
