//! `latchkey export`: writes a backup to a file or to standard output.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use anyhow::{Context as _, bail};
use latchkey_axum::backup::{Chain, Export};
use latchkey_axum::internals::files;
use latchkey_tokens::BackupKey;
use tokio::io::{AsyncBufRead, AsyncBufReadExt as _};

use super::offline::{open_offline, read_master_key};
use super::progress::Progress;
use super::report::Report;
use crate::cli;
use crate::config::{self, Config};
use crate::control;
use crate::failure::{Failure, FailureCode};

/// Writes a backup, through the running server or, if no server is running, directly from the store.
pub(super) async fn run(command: cli::Export, json: bool) -> anyhow::Result<Report> {
    if json && command.file.is_none() {
        let text = "--json requires a FILE argument: without one, the backup itself is written to \
                    standard output";
        return Err(Failure::new(FailureCode::Usage, text).into());
    }
    let config = config::load_for(&command.overrides, std::env::vars_os())?;
    let mut progress = Progress::start("exported", None);
    let records = match &command.file {
        Some(path) => write_file(&config, path, &mut progress).await?,
        None => write(&config, &mut io::stdout(), &mut progress).await?,
    };
    progress.finish();
    let file = command.file;
    Ok(Report::Exported { file, records })
}

/// Writes the backup to a file with the suffix `.part`, and renames the file when it is complete.
async fn write_file(config: &Config, path: &Path, progress: &mut Progress) -> anyhow::Result<u64> {
    let part = files::with_suffix(path, ".part");
    refuse_existing(path)?;
    // Private, because a backup records who signed in, and from where.
    let file = files::create_private(&part);
    let file = file.with_context(|| {
        let part = part.display();
        format!(
            "cannot create {part}; if it exists, either another export is running or an aborted \
             export left it behind; in the latter case, remove it"
        )
    })?;
    let written = write_and_rename(config, file, &part, path, progress).await;
    if written.is_err() {
        // The partial file would prevent the next export.
        drop(fs::remove_file(&part));
    }
    written
}

async fn write_and_rename(
    config: &Config,
    mut file: File,
    part: &Path,
    path: &Path,
    progress: &mut Progress,
) -> anyhow::Result<u64> {
    let records = write(config, &mut file, progress).await?;
    file.sync_all().context("cannot write the backup")?;
    let renamed = fs::rename(part, path);
    renamed.with_context(|| format!("cannot rename {} to {}", part.display(), path.display()))?;
    Ok(records)
}

async fn write(
    config: &Config,
    out: &mut impl Write,
    progress: &mut Progress,
) -> anyhow::Result<u64> {
    if let Some(lines) = control::export(&config.data_dir).await? {
        return copy(lines, out, progress).await;
    }
    let store = open_offline(config).await?;
    let key = BackupKey::new(&*read_master_key(config)?);
    let mut export = Export::of(store, key);
    while let Some(lines) = export.next().await? {
        out.write_all(&lines).context("cannot write the backup")?;
        progress.update(export.records());
    }
    out.flush()?;
    if config.store.shared().is_some() && export.records() == 0 {
        bail!("the store at store.url is empty: there is nothing to back up");
    }
    Ok(export.records())
}

/// Copies the backup that a running server sends, and checks that it is complete: the connection may
/// have been lost.
async fn copy(
    mut lines: impl AsyncBufRead + Unpin,
    out: &mut impl Write,
    progress: &mut Progress,
) -> anyhow::Result<u64> {
    let mut chain = Chain::unchecked();
    let mut line = String::new();
    let mut records = 0;
    while lines.read_line(&mut line).await? > 0 {
        let read = chain
            .read(&line)
            .context("the backup from the server is incomplete")?;
        records += u64::from(read.is_some());
        out.write_all(line.as_bytes())
            .context("cannot write the backup")?;
        progress.update(records);
        line.clear();
    }
    chain
        .finished()
        .context("the backup from the server is incomplete")?;
    out.flush()?;
    Ok(records)
}

fn refuse_existing(path: &Path) -> anyhow::Result<()> {
    if path.try_exists()? {
        let text = format!("{} already exists; choose another name", path.display());
        return Err(Failure::new(FailureCode::FileExists, text).into());
    }
    Ok(())
}
