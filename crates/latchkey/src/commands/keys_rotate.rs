//! `latchkey keys rotate`.

use std::sync::Arc;

use latchkey_core::Clock as _;
use latchkey_tokens::SystemRng;

use super::say;
use crate::auth::keys::Keys;
use crate::cli::Overrides;
use crate::clock::SystemClock;
use crate::config;
use crate::control::{self, Request};
use crate::{data_dir, master_key, store};

/// Rotates the signing key: by asking the server that runs over this store, or in the store if
/// none does.
pub(super) async fn run(overrides: &Overrides) -> anyhow::Result<()> {
    let config = config::load_for(overrides, std::env::vars_os())?;
    if let Some(reply) = control::ask(&config.data_dir, Request::RotateKeys).await? {
        say(&reply.map_err(anyhow::Error::msg)?);
        return Ok(());
    }
    data_dir::make(&config.data_dir)?;
    let master = Arc::new(master_key::load(&config, &SystemRng)?);
    let now = SystemClock.now();
    let store = store::open_known(&config, &SystemRng, now).await?;
    let keys = Keys::load(&*store, master, config.tokens.algorithm, now).await?;
    let kid = keys.rotate(&*store, now).await?;
    say(&control::rotated(&kid));
    Ok(())
}
