//! What commands use when no server is asked: the store at rest, the master key, warnings.

use std::io::{Write as _, stderr};
use std::sync::Arc;

use anyhow::Context as _;
use latchkey_axum::internals::data_dir;
use latchkey_store::Store;
use latchkey_tokens::MasterKey;

use crate::config::Config;
use crate::failure::{Failure, FailureCode};

/// Opens the store that no server has open, without creating one.
pub(super) async fn open_at_rest(config: &Config) -> anyhow::Result<Arc<dyn Store>> {
    if config.store.shared().is_none() {
        let path = data_dir::store_path(&config.data_dir);
        let there = path.try_exists();
        if !there.with_context(|| format!("data_dir: {}", config.data_dir.display()))? {
            let text = format!("there is no store in {}; check --data-dir", path.display());
            return Err(Failure::new(FailureCode::NoStore, text).into());
        }
    }
    Ok(config.store().open_existing().await?)
}

/// Reads the master key that backups are authenticated with.
pub(super) fn known_key(config: &Config) -> anyhow::Result<Arc<MasterKey>> {
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

/// Prints a warning, which is not part of the result.
pub(super) fn warn(sentence: &str) {
    drop(writeln!(stderr(), "latchkey: warning: {sentence}"));
}
