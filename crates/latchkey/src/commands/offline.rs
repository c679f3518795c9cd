//! Helpers for commands that work without a running server: they open the store, read the master key
//! and print warnings.

use std::io::{Write as _, stderr};
use std::sync::Arc;

use anyhow::Context as _;
use latchkey_axum::internals::data_dir;
use latchkey_store::Store;
use latchkey_tokens::MasterKey;

use crate::config::Config;
use crate::failure::{Failure, FailureCode};

/// Opens the store while no server is running. Does not create a store.
pub(super) async fn open_offline(config: &Config) -> anyhow::Result<Arc<dyn Store>> {
    refuse_missing_store(config)?;
    Ok(config.store().open_existing().await?)
}

/// Fails if the data directory should contain a store, but does not.
pub(super) fn refuse_missing_store(config: &Config) -> anyhow::Result<()> {
    if config.store.shared().is_some() {
        return Ok(());
    }
    let path = data_dir::store_path(&config.data_dir);
    let exists = path.try_exists();
    if !exists.with_context(|| format!("data_dir: {}", config.data_dir.display()))? {
        let text = format!(
            "there is no store in {}; check data_dir (--data-dir, --config)",
            path.display()
        );
        return Err(Failure::new(FailureCode::NoStore, text).into());
    }
    Ok(())
}

/// Reads the master key, which authenticates backups.
pub(super) fn read_master_key(config: &Config) -> anyhow::Result<Arc<MasterKey>> {
    let path = match &config.master_key_file {
        Some(path) => path.clone(),
        None => config.data_dir.join("master.key"),
    };
    config.master_key().read().with_context(|| {
        format!(
            "master key {}: a backup requires the master key of the server whose data it contains",
            path.display()
        )
    })
}

/// Prints a warning to stderr, separate from the result.
pub(super) fn warn(text: &str) {
    drop(writeln!(stderr(), "latchkey: warning: {text}"));
}
