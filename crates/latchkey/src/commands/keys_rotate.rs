//! `latchkey keys rotate`.

use latchkey_axum::Latchkey;
use latchkey_axum::internals::data_dir;

use super::say;
use crate::cli::Overrides;
use crate::config;
use crate::control::{self, Request};

/// Rotates the signing key: by asking the server that runs over this store, or in the store if
/// none does.
pub(super) async fn run(overrides: &Overrides) -> anyhow::Result<()> {
    let config = config::load_for(overrides, std::env::vars_os())?;
    if let Some(reply) = control::ask(&config.data_dir, Request::RotateKeys).await? {
        say(&reply.map_err(anyhow::Error::msg)?);
        return Ok(());
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
    say(&control::rotated(&kid));
    Ok(())
}
