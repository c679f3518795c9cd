//! The master key and its file, which is created at the first start and readable only by its owner.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use latchkey_core::Rng;
use latchkey_tokens::MasterKey as Key;
use secrecy::ExposeSecret as _;
use zeroize::Zeroizing;

use super::OpenError;
use super::files;

/// The key from which all other keys are derived. Without it, the store and its backups cannot be
/// used, so keep a copy in a place separate from them.
#[derive(Clone)]
pub struct MasterKey(Source);

#[derive(Clone)]
enum Source {
    Key(Arc<Key>),
    File { path: PathBuf, create: bool },
    Random,
}

impl MasterKey {
    /// Reads the key from this file. If neither the file nor the embedded store exists, the file is
    /// created with a random key (mode 0600). A file that all users of the machine can read is
    /// refused. Servers that share a store need the same key: copy the file to each of them, and
    /// use [`existing_file`](Self::existing_file).
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self(Source::File {
            path: path.into(),
            create: true,
        })
    }

    /// Reads the key from this file, which must exist. A file that all users of the machine can
    /// read is refused.
    pub fn existing_file(path: impl Into<PathBuf>) -> Self {
        Self(Source::File {
            path: path.into(),
            create: false,
        })
    }

    /// Parses a key, for example from a secret manager: 32 bytes as 43 characters of base64url
    /// without padding.
    ///
    /// # Errors
    ///
    /// Returns an error if the text is not in this format.
    pub fn from_text(text: &str) -> Result<Self, OpenError> {
        let key = Key::parse(text).map_err(anyhow::Error::from)?;
        Ok(Self(Source::Key(Arc::new(key))))
    }

    /// A random key for tests. It is lost when the process ends, and all tokens become invalid.
    pub fn random() -> Self {
        Self(Source::Random)
    }

    /// Reads the key, without creating it.
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be read, is readable by all users, or does not contain a
    /// key, or if the key is [`random`](Self::random).
    pub fn read(&self) -> Result<Arc<Key>, OpenError> {
        match &self.0 {
            Source::Key(key) => Ok(Arc::clone(key)),
            Source::File { path, .. } => Ok(Arc::new(read(path)?)),
            Source::Random => Err(anyhow::anyhow!(
                "a random master key does not exist until Latchkey is opened; use MasterKey::file \
                 or MasterKey::from_text"
            )
            .into()),
        }
    }

    /// Reads the key. If the file is missing, creates it if that is allowed and no embedded store
    /// exists yet. `store` is the directory of the embedded store, or `None` for any other store.
    pub(crate) fn load(&self, store: Option<&Path>, rng: &dyn Rng) -> anyhow::Result<Arc<Key>> {
        let (path, create) = match &self.0 {
            Source::Key(key) => return Ok(Arc::clone(key)),
            Source::Random => return Ok(Arc::new(Key::random(rng))),
            Source::File { path, create } => (path, *create),
        };
        if !create {
            return read(path)
                .map(Arc::new)
                .with_context(|| format!("master_key_file: {}", path.display()));
        }
        let key = match path.try_exists() {
            Ok(true) => read(path),
            // Checked again: another process may have created both in between.
            Ok(false) if store.is_some_and(Path::exists) && !path.exists() => bail!(
                "the master key {} is missing, but the store exists and needs the key that it was \
                 created with; restore the file, or configure its path",
                path.display()
            ),
            Ok(false) => create_key(path, rng),
            Err(error) => Err(error.into()),
        };
        key.map(Arc::new)
            .with_context(|| format!("the master key {}", path.display()))
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MasterKey").finish_non_exhaustive()
    }
}

fn read(path: &Path) -> anyhow::Result<Key> {
    let text = fs::read_to_string(path).map(Zeroizing::new);
    let text = text.context("cannot be read")?;
    refuse_readable_by_others(path)?;
    Ok(Key::parse(&text)?)
}

fn create_key(path: &Path, rng: &dyn Rng) -> anyhow::Result<Key> {
    let key = Key::random(rng);
    let text = Zeroizing::new(format!("{}\n", key.to_text().expose_secret()));
    files::create_atomically(path, &text, rng).context("cannot be written")?;
    // Another process may have created the file at the same time. The file on disk takes
    // precedence.
    read(path)
}

#[cfg(unix)]
fn refuse_readable_by_others(path: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = fs::metadata(path)?.permissions().mode();
    // The group may read it, because secrets are mounted into containers that way.
    if mode & 0o007 != 0 {
        bail!(
            "can be read by everyone on this machine; run: chmod 600 {} (for a mounted secret, set \
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
