//! `latchkey export`.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use anyhow::{Context as _, bail};
use latchkey_axum::backup::{Chain, Export};
use latchkey_axum::internals::files;
use latchkey_tokens::BackupKey;
use tokio::io::{AsyncBufRead, AsyncBufReadExt as _};

use super::progress::Progress;
use super::{known_key, open_at_rest};
use crate::cli;
use crate::config::{self, Config};
use crate::control;

/// Writes a backup: by the server that runs over this data directory, or of its store if none does.
pub(super) async fn run(command: cli::Export) -> anyhow::Result<()> {
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
    let store = open_at_rest(config).await?;
    let key = BackupKey::new(&*known_key(config)?);
    let mut export = Export::of(store, key);
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

fn refuse_existing(path: &Path) -> anyhow::Result<()> {
    if path.try_exists()? {
        bail!("{} is there already; choose another name", path.display());
    }
    Ok(())
}
