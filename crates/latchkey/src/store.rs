//! Opening the store that the configuration names: the one place that knows which stores there are.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use latchkey_core::{Rng, StoreId, Timestamp};
use latchkey_store::Store;

use crate::config::{Config, SharedStore, StoreConfig};
use crate::data_dir::store_path;
use crate::files;

/// Opens the store; how it is doing is not known yet.
pub async fn open(config: &Config) -> anyhow::Result<Arc<dyn Store>> {
    match &config.store {
        StoreConfig::Sled => {
            let path = store_path(&config.data_dir);
            Ok(Arc::new(latchkey_store_sled::open(&path)?))
        }
        StoreConfig::Redis(shared) => {
            let address = latchkey_store_redis::Address {
                url: shared.url.to_string(),
                password: shared.password.clone(),
                roots: roots(shared)?,
            };
            let store = latchkey_store_redis::open(&address).await;
            Ok(Arc::new(store.with_context(|| named(shared))?))
        }
        StoreConfig::Postgres(shared) => {
            let (url, password) = (&shared.url, shared.password.as_deref());
            let address = latchkey_store_postgres::Address::new(url, password, roots(shared)?)
                .map_err(|wrong| anyhow::anyhow!("store.url: {wrong}"))?;
            let store = latchkey_store_postgres::open(&address).await;
            Ok(Arc::new(store.with_context(|| named(shared))?))
        }
    }
}

/// The same for a command: made sure that it is the store that the server here knows, if one has
/// worked here.
pub(crate) async fn open_existing(config: &Config) -> anyhow::Result<Arc<dyn Store>> {
    let store = open(config).await?;
    let id = store.id().await?;
    if config.store.shared().is_some() {
        recognise(&noted(config), id)?;
    }
    Ok(store)
}

/// The same for a server: made sure that it is the store that this server knows. One that was lost
/// and made anew knows nothing of what was revoked.
pub(crate) async fn open_known(
    config: &Config,
    rng: &dyn Rng,
    now: Timestamp,
) -> anyhow::Result<Arc<dyn Store>> {
    let store = open(config).await?;
    let shared = config.store.shared().is_some();
    let noted = noted(config);
    if shared {
        // Looked at before anything is written: it may be the wrong one.
        recognise(&noted, store.id().await?)?;
    }
    let id = store.identify(StoreId::random(rng), now).await?;
    if shared && !noted.exists() {
        let written = files::create_whole(&noted, &format!("{id}\n"), rng);
        written.with_context(|| noted.display().to_string())?;
        recognise(&noted, Some(id))?;
    }
    Ok(store)
}

/// A store that is not there must not be made by looking at it.
pub(crate) fn must_exist(config: &Config) -> anyhow::Result<()> {
    let path = store_path(&config.data_dir);
    let there = path.try_exists();
    if !there.with_context(|| format!("data_dir: {}", config.data_dir.display()))? {
        bail!("there is no store in {}; check --data-dir", path.display());
    }
    Ok(())
}

/// Where the id of the store is noted down that servers here have worked with.
fn noted(config: &Config) -> PathBuf {
    config.data_dir.join("store.id")
}

/// Compares the store's id with the one that was noted down at the first start.
fn recognise(noted: &Path, found: Option<StoreId>) -> anyhow::Result<()> {
    let known = match fs::read_to_string(noted) {
        Ok(known) => known,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error).context(noted.display().to_string()),
    };
    let found = found.map(|id| id.to_string());
    if found.as_deref() == Some(known.trim()) {
        return Ok(());
    }
    let found = found.map_or_else(
        || "a store without a name: an empty one, or one just restored".to_owned(),
        |id| format!("the store {id}"),
    );
    bail!(
        "store.url leads to {found}; this server has worked with {} and what was revoked there is \
         not known here. Bring that one back, or remove {} if this one is to take its place",
        known.trim(),
        noted.display()
    )
}

fn named(shared: &SharedStore) -> String {
    let host = shared.url.host_str().unwrap_or_default();
    match shared.url.port() {
        Some(port) => format!("store.url: {host}:{port}"),
        None => format!("store.url: {host}"),
    }
}

pub(crate) fn roots(shared: &SharedStore) -> anyhow::Result<Option<Vec<u8>>> {
    let Some(path) = &shared.ca_file else {
        return Ok(None);
    };
    let read = fs::read(path);
    read.map(Some)
        .with_context(|| format!("store.ca_file: {} cannot be read", path.display()))
}
