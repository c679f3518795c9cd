//! The master key's file: made at the first start, readable by its owner only.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, bail};
use latchkey_core::Rng;
use latchkey_tokens::MasterKey;

use crate::config::Config;
use crate::data_dir::store_path;
use crate::files;

/// Reads the key that is there.
pub(crate) fn known(config: &Config) -> anyhow::Result<MasterKey> {
    let path = match &config.master_key_file {
        Some(path) => path.clone(),
        None => config.data_dir.join("master.key"),
    };
    read(&path).with_context(|| {
        format!(
            "the master key {}: the backup needs the one of the server that it was made of",
            path.display()
        )
    })
}

/// Reads the key; makes it if the file lives in the data directory and is not there yet.
pub fn load(config: &Config, rng: &dyn Rng) -> anyhow::Result<MasterKey> {
    if let Some(path) = &config.master_key_file {
        return configured(path);
    }
    let path = config.data_dir.join("master.key");
    match path.try_exists() {
        Ok(true) => read(&path),
        // Looked for once more: another process may have made both in between.
        Ok(false) if store_path(&config.data_dir).exists() && !path.exists() => {
            bail!(
                "the master key {} is missing, and the store beside it needs the one that it was \
                 made with; put it back, or name it as master_key_file",
                path.display()
            )
        }
        Ok(false) => make(&path, rng),
        Err(error) => Err(error.into()),
    }
    .with_context(|| format!("the master key {}", path.display()))
}

/// Reads the key that `master_key_file` names.
pub(crate) fn configured(path: &Path) -> anyhow::Result<MasterKey> {
    read(path).with_context(|| format!("master_key_file: {}", path.display()))
}

fn read(path: &Path) -> anyhow::Result<MasterKey> {
    let text = fs::read_to_string(path).context("cannot be read")?;
    refuse_readable_by_others(path)?;
    Ok(MasterKey::parse(&text)?)
}

fn make(path: &Path, rng: &dyn Rng) -> anyhow::Result<MasterKey> {
    let key = MasterKey::random(rng);
    files::create_whole(path, &format!("{}\n", key.to_text()), rng).context("cannot be written")?;
    // Another process may have made one at the same moment. The one that is there counts.
    read(path)
}

#[cfg(unix)]
fn refuse_readable_by_others(path: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;

    let mode = fs::metadata(path)?.permissions().mode();
    // A group may read it: that is how secrets are mounted into containers.
    if mode & 0o007 != 0 {
        bail!(
            "can be read by everyone on this machine; run: chmod 600 {} (for a mounted secret set \
             defaultMode: 0440 in Kubernetes, mode: 0440 in Swarm)",
            path.display()
        );
    }
    Ok(())
}

#[cfg(not(unix))]
fn refuse_readable_by_others(_: &Path) -> anyhow::Result<()> {
    Ok(())
}
