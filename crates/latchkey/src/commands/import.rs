//! `latchkey import`.

use std::fs::{self, File};
use std::io::BufReader;

use anyhow::{Context as _, bail};
use latchkey_axum::backup;
use latchkey_axum::internals::data_dir;
use latchkey_tokens::{BackupKey, KeyRing};

use super::offline::{known_key, warn};
use super::progress::Progress;
use super::report::Report;
use crate::cli;
use crate::config;
use crate::failure::{Failure, FailureCode};

/// Puts a backup into an empty store.
pub(super) async fn run(command: cli::Import) -> anyhow::Result<Report> {
    let config = config::load_for(&command.overrides, std::env::vars_os())?;
    let name = command.file.display().to_string();
    let open = || File::open(&command.file).map(BufReader::new);
    if !fs::metadata(&command.file)
        .with_context(|| name.clone())?
        .is_file()
    {
        bail!(
            "{name} is not a regular file; an import reads it twice, so write it to a file first"
        );
    }
    let master = known_key(&config)?;
    let backup_key = BackupKey::new(&master);
    let examined = backup::examine(open().with_context(|| name.clone())?, backup_key.clone());
    let examined = examined.with_context(|| name.clone())?;
    if !examined.is_authenticated() {
        if !command.allow_unauthenticated {
            let text = format!(
                "{name} was written by an earlier version, and nothing in it proves that nobody \
                 changed it since. If you trust where it was kept, import it with \
                 --allow-unauthenticated; from a store that still exists, export a new one with \
                 this version. Nothing was imported"
            );
            return Err(Failure::new(FailureCode::InvalidBackup, text).into());
        }
        warn("this backup is not authenticated: anyone with write access could have changed it");
    }
    data_dir::make(&config.data_dir)?;
    let keys = KeyRing::open(&examined.signing_keys, &master);
    if !examined.signing_keys.is_empty() {
        keys.context(
            "the signing keys of the backup were sealed with another master key than this one; \
             put that one in its place. Nothing was imported",
        )?;
    }
    let store = config.store().open_any().await?;
    let mut progress = Progress::begin("imported", Some(examined.records));
    let done = backup::import(open()?, backup_key, &examined, &*store, |records| {
        progress.tell(records);
    })
    .await;
    done.with_context(|| name)?;
    progress.end();
    Ok(Report::Imported {
        records: examined.records,
    })
}
