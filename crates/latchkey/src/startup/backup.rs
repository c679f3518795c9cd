//! `latchkey export` and `latchkey import`.

use std::fs::{self, File};
use std::io::{self, BufReader, Write};
use std::path::Path;

use anyhow::{Context as _, bail};
use latchkey_tokens::{BackupKey, KeyRing};
use tokio::io::{AsyncBufRead, AsyncBufReadExt as _};

use super::progress::Progress;
use super::{data_dir, files, master_key, operate, say, store, warn};
use crate::backup::{self, Chain, Export};
use crate::cli;
use crate::config::{self, Config};
use crate::control;

/// Writes a backup: by the server that runs over this data directory, or of its store if none does.
pub(super) async fn export(command: cli::Export) -> anyhow::Result<()> {
    let config = config::load_for(&command.overrides, std::env::vars_os())?;
    let mut progress = Progress::begin("exported", None);
    match &command.file {
        Some(path) => {
            let part = files::beside(path, ".part");
            refuse_existing(path)?;
            // Who signed in from where is for its owner only.
            let file = files::private(&part);
            let mut file = file.with_context(|| {
                let hint = "another export writes it, or one broke off and left it";
                let part = part.display();
                format!("{part} cannot be made; if it is there, {hint}: remove it then")
            })?;
            if let Err(error) = write(&config, &mut file, &mut progress).await {
                drop(fs::remove_file(&part));
                return Err(error);
            }
            file.sync_all()?;
            fs::rename(&part, path).with_context(|| path.display().to_string())?;
        }
        None => write(&config, &mut io::stdout(), &mut progress).await?,
    }
    progress.end();
    Ok(())
}

async fn write(
    config: &Config,
    out: &mut impl Write,
    progress: &mut Progress,
) -> anyhow::Result<()> {
    if let Some(lines) = control::export(&config.data_dir).await? {
        return copy(tokio::io::BufReader::new(lines), out, progress).await;
    }
    if config.store.shared().is_none() {
        operate::must_exist(config)?;
    }
    let key = BackupKey::new(&master_key::known(config)?);
    let mut export = Export::of(store::open_existing(config).await?, key);
    while let Some(lines) = export.next().await? {
        out.write_all(&lines)
            .context("the backup cannot be written")?;
        progress.tell(export.records());
    }
    out.flush()?;
    if config.store.shared().is_some() && export.records() == 0 {
        bail!("the store at store.url is empty: there is nothing to back up");
    }
    Ok(())
}

/// What a running server sends. It may break off, which is all that is looked for.
async fn copy(
    mut lines: impl AsyncBufRead + Unpin,
    out: &mut impl Write,
    progress: &mut Progress,
) -> anyhow::Result<()> {
    let mut chain = Chain::unchecked();
    let mut line = String::new();
    let mut records = 0;
    while lines.read_line(&mut line).await? > 0 {
        let read = chain
            .read(&line)
            .context("the server's backup is not whole")?;
        records += u64::from(read.is_some());
        out.write_all(line.as_bytes())
            .context("the backup cannot be written")?;
        progress.tell(records);
        line.clear();
    }
    chain
        .finished()
        .context("the server's backup is not whole")?;
    out.flush()?;
    Ok(())
}

/// Puts a backup into an empty store.
pub(super) async fn import(command: cli::Import) -> anyhow::Result<()> {
    let config = config::load_for(&command.overrides, std::env::vars_os())?;
    let name = command.file.display().to_string();
    let open = || File::open(&command.file).map(BufReader::new);
    if !fs::metadata(&command.file)
        .with_context(|| name.clone())?
        .is_file()
    {
        bail!("{name} is no file, and an import reads it twice; write it to one first");
    }
    let master = master_key::known(&config)?;
    let backup_key = BackupKey::new(&master);
    let examined = backup::examine(open().with_context(|| name.clone())?, backup_key.clone());
    let examined = examined.with_context(|| name.clone())?;
    if !examined.is_authenticated() {
        if !command.allow_unauthenticated {
            bail!(
                "{name} was written by an earlier version, and nothing in it proves that nobody \
                 changed it since. If you trust where it was kept, import it with \
                 --allow-unauthenticated; from a store that still exists, export a new one with \
                 this version. Nothing was imported"
            );
        }
        warn("whoever could write to this backup could have changed it unnoticed");
    }
    data_dir::make(&config.data_dir)?;
    let keys = KeyRing::open(&examined.signing_keys, &master);
    if !examined.signing_keys.is_empty() {
        keys.context(
            "the signing keys of the backup were sealed with another master key than this one; \
             put that one in its place. Nothing was imported",
        )?;
    }
    let store = store::open(&config).await?;
    let mut progress = Progress::begin("imported", Some(examined.records));
    let done = backup::import(open()?, backup_key, &examined, &*store, |records| {
        progress.tell(records);
    })
    .await;
    done.with_context(|| name)?;
    progress.end();
    say(&format!("{} records imported", examined.records));
    Ok(())
}

fn refuse_existing(path: &Path) -> anyhow::Result<()> {
    if path.try_exists()? {
        bail!("{} is there already; choose another name", path.display());
    }
    Ok(())
}
