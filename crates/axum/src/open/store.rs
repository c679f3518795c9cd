//! Selects and opens the store. Outside tests, no other file of this crate names a concrete store.

use core::time::Duration;
use std::fmt;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use latchkey_core::{Rng, StoreId, Timestamp};
use latchkey_store::observed::{Completed, Observed};
use latchkey_store::{MemoryStore, Store as OpenedStore};
use secrecy::SecretString;
#[cfg(any(feature = "redis", feature = "postgres"))]
use url::Url;

use super::OpenError;
use super::files;

/// How long a server accepts tokens after it lost its connection to a shared store, by default.
const MAX_STALENESS: Duration = Duration::from_secs(5);

/// The store of users, sessions and denials.
///
/// ```
/// use latchkey_axum::Store;
///
/// let for_tests = Store::memory();
/// # #[cfg(feature = "sled")]
/// let embedded = Store::sled("data");
/// # #[cfg(feature = "postgres")]
/// let shared = Store::postgres("postgresql://latchkey@localhost/latchkey").password("secret");
/// ```
#[derive(Clone)]
pub struct Store {
    kind: Kind,
    password: Option<SecretString>,
    ca_file: Option<PathBuf>,
    max_staleness: Duration,
    id_file: Option<PathBuf>,
}

#[derive(Clone)]
enum Kind {
    Memory,
    Opened(Arc<dyn OpenedStore>),
    #[cfg(feature = "sled")]
    Sled(PathBuf),
    #[cfg(feature = "redis")]
    Redis(String),
    #[cfg(feature = "postgres")]
    Postgres(String),
}

impl Store {
    fn of(kind: Kind) -> Self {
        Self {
            kind,
            password: None,
            ca_file: None,
            max_staleness: MAX_STALENESS,
            id_file: None,
        }
    }

    /// A store in memory, for tests. All records are lost when the process ends.
    pub fn memory() -> Self {
        Self::of(Kind::Memory)
    }

    /// An embedded store in the directory `{data_dir}/store`, which is created if it does not
    /// exist. Only one process can open it at a time.
    #[cfg(feature = "sled")]
    pub fn sled(data_dir: impl AsRef<Path>) -> Self {
        Self::of(Kind::Sled(data_dir.as_ref().join("store")))
    }

    /// A store in Redis, for several servers: `redis://host:6379/0`, or `rediss://` for TLS.
    #[cfg(feature = "redis")]
    pub fn redis(url: impl Into<String>) -> Self {
        Self::of(Kind::Redis(url.into()))
    }

    /// A store in PostgreSQL, for several servers: `postgresql://user@host/database`, or
    /// `postgresqls://` for TLS.
    #[cfg(feature = "postgres")]
    pub fn postgres(url: impl Into<String>) -> Self {
        Self::of(Kind::Postgres(url.into()))
    }

    /// The name of the store's kind, for the overview and the audit log.
    pub(crate) fn kind_name(&self) -> &'static str {
        match &self.kind {
            Kind::Memory => "memory",
            Kind::Opened(_) => "opened",
            #[cfg(feature = "sled")]
            Kind::Sled(_) => "sled",
            #[cfg(feature = "redis")]
            Kind::Redis(_) => "redis",
            #[cfg(feature = "postgres")]
            Kind::Postgres(_) => "postgres",
        }
    }

    /// A store that is already open.
    pub fn opened(store: Arc<dyn OpenedStore>) -> Self {
        Self::of(Kind::Opened(store))
    }

    /// Sets the password of a shared store, if its URL has none.
    #[must_use]
    pub fn password(mut self, password: impl Into<String>) -> Self {
        let password: String = password.into();
        self.password = Some(password.into());
        self
    }

    /// Trusts the certificates in this PEM file instead of the system's, for TLS to a shared store.
    #[must_use]
    pub fn ca_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.ca_file = Some(path.into());
        self
    }

    /// Sets how long a server accepts tokens after it lost its connection to a shared store; five
    /// seconds by default. After that, requests with a token are refused with 503, because a
    /// revocation may be missing. Has no effect on an embedded store.
    #[must_use]
    pub fn max_staleness(mut self, limit: Duration) -> Self {
        self.max_staleness = limit;
        self
    }

    /// Records the id of a shared store in this file and refuses any other store from then on. A
    /// store that was lost and created again does not contain earlier revocations.
    #[must_use]
    pub fn id_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.id_file = Some(path.into());
        self
    }

    /// The maximum age of the denylist; `None` for a store that has no other writers.
    #[doc(hidden)]
    pub fn staleness(&self) -> Option<Duration> {
        match self.kind {
            Kind::Memory => None,
            #[cfg(feature = "sled")]
            Kind::Sled(_) => None,
            Kind::Opened(_) => Some(self.max_staleness),
            #[cfg(feature = "redis")]
            Kind::Redis(_) => Some(self.max_staleness),
            #[cfg(feature = "postgres")]
            Kind::Postgres(_) => Some(self.max_staleness),
        }
    }

    /// The directory of an embedded store.
    pub(crate) fn folder(&self) -> Option<&Path> {
        match &self.kind {
            #[cfg(feature = "sled")]
            Kind::Sled(folder) => Some(folder),
            _ => None,
        }
    }

    /// Opens the store for a command, without changing it. Fails if its id is not the recorded one,
    /// or if there is no embedded store yet.
    #[doc(hidden)]
    pub async fn open_existing(&self) -> Result<Arc<dyn OpenedStore>, OpenError> {
        self.existing().await.map_err(OpenError::of_store)
    }

    async fn existing(&self) -> anyhow::Result<Arc<dyn OpenedStore>> {
        if let Some(folder) = self.folder()
            && !folder.try_exists()?
        {
            bail!("there is no store in {}", folder.display());
        }
        let store = self.connect(|_| ()).await?;
        self.check_id(store.id().await?)?;
        Ok(store)
    }

    /// Opens the store whatever its id, even if it is empty.
    #[doc(hidden)]
    pub async fn open_any(&self) -> Result<Arc<dyn OpenedStore>, OpenError> {
        self.connect(|_| ()).await.map_err(OpenError::of_store)
    }

    /// Opens the store for a server. At the first start, creates it or gives it an id. `observe` is
    /// called after each operation, unless the store was already open.
    pub(crate) async fn open(
        &self,
        rng: &dyn Rng,
        now: Timestamp,
        observe: impl Fn(&Completed) + Send + Sync + 'static,
    ) -> Result<Arc<dyn OpenedStore>, OpenError> {
        let opened = self.open_or_create(rng, now, observe).await;
        opened.map_err(OpenError::of_store)
    }

    async fn open_or_create(
        &self,
        rng: &dyn Rng,
        now: Timestamp,
        observe: impl Fn(&Completed) + Send + Sync + 'static,
    ) -> anyhow::Result<Arc<dyn OpenedStore>> {
        let store = self.connect(observe).await?;
        // Checked before the first write, because it may be the wrong store.
        self.check_id(store.id().await?)?;
        let id = store.identify(StoreId::random(rng), now).await?;
        if let Some(file) = &self.id_file
            && !file.exists()
        {
            let written = files::create_atomically(file, &format!("{id}\n"), rng);
            written.with_context(|| file.display().to_string())?;
            self.check_id(Some(id))?;
        }
        Ok(store)
    }

    #[cfg_attr(
        not(any(feature = "redis", feature = "postgres")),
        expect(clippy::unused_async, reason = "only opening a shared store awaits")
    )]
    async fn connect(
        &self,
        observe: impl Fn(&Completed) + Send + Sync + 'static,
    ) -> anyhow::Result<Arc<dyn OpenedStore>> {
        match &self.kind {
            Kind::Memory => Ok(Arc::new(Observed::new(MemoryStore::empty(), observe))),
            Kind::Opened(store) => Ok(Arc::clone(store)),
            #[cfg(feature = "sled")]
            Kind::Sled(folder) => {
                let store = latchkey_store_sled::open(folder)?;
                Ok(Arc::new(Observed::new(store, observe)))
            }
            #[cfg(feature = "redis")]
            Kind::Redis(url) => {
                let address = latchkey_store_redis::Address {
                    url: url.clone(),
                    password: self.password.clone(),
                    roots: self.roots()?,
                };
                let store = latchkey_store_redis::open(&address).await;
                let store = store.with_context(|| host_of(url))?;
                Ok(Arc::new(Observed::new(store, observe)))
            }
            #[cfg(feature = "postgres")]
            Kind::Postgres(url) => {
                let parsed = Url::parse(url).context("store.url is not a valid URL")?;
                let password = self
                    .password
                    .as_ref()
                    .map(secrecy::ExposeSecret::expose_secret);
                let address =
                    latchkey_store_postgres::Address::new(&parsed, password, self.roots()?)
                        .map_err(anyhow::Error::msg)?;
                let store = latchkey_store_postgres::open(&address).await;
                let store = store.with_context(|| host_of(url))?;
                Ok(Arc::new(Observed::new(store, observe)))
            }
        }
    }

    /// The certificates of [`ca_file`](Self::ca_file).
    #[doc(hidden)]
    pub fn roots(&self) -> Result<Option<Vec<u8>>, OpenError> {
        let Some(path) = &self.ca_file else {
            return Ok(None);
        };
        let read = fs::read(path);
        let read = read.with_context(|| format!("store.ca_file: cannot read {}", path.display()));
        Ok(Some(read?))
    }

    /// Compares the store's id with the one recorded at the first start.
    fn check_id(&self, found: Option<StoreId>) -> anyhow::Result<()> {
        let Some(file) = &self.id_file else {
            return Ok(());
        };
        let known = match fs::read_to_string(file) {
            Ok(known) => known,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error).context(file.display().to_string()),
        };
        let found = found.map(|id| id.to_string());
        if found.as_deref() == Some(known.trim()) {
            return Ok(());
        }
        let found = found.map_or_else(
            || "has no id, because it is empty or a backup was just imported".to_owned(),
            |id| format!("has the id {id}"),
        );
        bail!(
            "the store {found}, but this server previously used the store with the id {}. This \
             store may lack revocations made there, so revoked tokens could be accepted. Connect \
             to that store again, or remove {} to accept this one",
            known.trim(),
            file.display()
        )
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // URLs may contain passwords.
        f.debug_struct("Store")
            .field("max_staleness", &self.staleness())
            .finish_non_exhaustive()
    }
}

#[cfg(any(feature = "redis", feature = "postgres"))]
fn host_of(url: &str) -> String {
    let url = Url::parse(url).ok();
    let host = url.as_ref().and_then(Url::host_str).unwrap_or_default();
    match url.as_ref().and_then(Url::port) {
        Some(port) => format!("store.url: {host}:{port}"),
        None => format!("store.url: {host}"),
    }
}
