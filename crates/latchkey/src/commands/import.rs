//! `latchkey import`: imports a backup into an empty store.

use std::fs::{self, File};
use std::io::BufReader;

use anyhow::{Context as _, bail};
use latchkey_axum::backup;
use latchkey_axum::internals::data_dir;
use latchkey_tokens::{BackupKey, KeyRing};

use super::offline::{read_master_key, warn};
use super::progress::Progress;
use super::report::Report;
use crate::cli;
use crate::config;
use crate::failure::{Failure, FailureCode};

/// Imports a backup into an empty store.
pub(super) async fn run(command: cli::Import) -> anyhow::Result<Report> {
    let config = config::load_for(&command.overrides, std::env::vars_os())?;
    let name = command.file.display().to_string();
    let open = || File::open(&command.file).map(BufReader::new);
    if !fs::metadata(&command.file)
        .with_context(|| name.clone())?
        .is_file()
    {
        bail!(
            "{name} is not a regular file; an import reads the backup twice, so write it to a file \
             first"
        );
    }
    let master = read_master_key(&config)?;
    let backup_key = BackupKey::new(&master);
    let verified = backup::verify(open().with_context(|| name.clone())?, backup_key.clone());
    let verified = verified.with_context(|| name.clone())?;
    if !verified.is_authenticated() {
        if !command.allow_unauthenticated {
            let text = format!(
                "{name} was written by an earlier version, so its integrity cannot be verified. If \
                 you trust the place where it was stored, import it with --allow-unauthenticated. If \
                 the original store still exists, export it again with this version. Nothing was \
                 imported"
            );
            return Err(Failure::new(FailureCode::InvalidBackup, text).into());
        }
        warn(
            "the integrity of this backup cannot be verified; import it only if you trust its source",
        );
    }
    data_dir::create_private(&config.data_dir)?;
    let keys = KeyRing::open(&verified.signing_keys, &master);
    if !verified.signing_keys.is_empty() {
        keys.context(
            "the signing keys in the backup were encrypted with a different master key; install the \
             master key of the server that wrote the backup. Nothing was imported",
        )?;
    }
    let store = config.store().open_any().await?;
    let mut progress = Progress::start("imported", Some(verified.records));
    let imported = backup::import(open()?, backup_key, &verified, &*store, |records| {
        progress.update(records);
    })
    .await;
    imported.with_context(|| name)?;
    progress.finish();
    Ok(Report::Imported {
        records: verified.records,
    })
}
