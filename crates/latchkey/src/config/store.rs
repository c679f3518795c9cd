//! `[store]`

use core::time::Duration;
use std::fmt;
use std::path::{Path, PathBuf};

use latchkey_axum::Store;
use serde::Deserialize;
use url::Url;

use super::duration::Written;
use super::mistakes::Mistakes;
use super::secret;

/// Where records are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreConfig {
    /// `kind = "sled"`: embedded, in `data_dir`; for one machine.
    Sled,
    /// `kind = "redis"`: for several machines.
    Redis(SharedStore),
    /// `kind = "postgres"`: for several machines.
    Postgres(SharedStore),
}

/// A store that several machines share.
#[derive(Clone, PartialEq, Eq)]
pub struct SharedStore {
    /// `url`: where it is, and whether to talk TLS. It may hold a password.
    pub url: Url,
    /// `password` or `password_file`.
    pub password: Option<String>,
    /// `ca_file`: certificates in PEM to trust instead of the system's.
    pub ca_file: Option<PathBuf>,
    /// `max_staleness`: how long a server that does not hear from the store takes tokens.
    pub max_staleness: Duration,
}

impl fmt::Debug for SharedStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedStore")
            .field("host", &self.url.host_str())
            .field("max_staleness", &self.max_staleness)
            .finish_non_exhaustive()
    }
}

impl StoreConfig {
    /// The store, embedded in this directory or remembered there by its id.
    pub(super) fn open_in(&self, data_dir: &Path) -> Store {
        let (store, shared) = match self {
            Self::Sled => return Store::sled(data_dir),
            Self::Redis(shared) => (Store::redis(shared.url.as_str()), shared),
            Self::Postgres(shared) => (Store::postgres(shared.url.as_str()), shared),
        };
        let mut store = store
            .max_staleness(shared.max_staleness)
            .id_file(data_dir.join("store.id"));
        if let Some(password) = &shared.password {
            store = store.password(password);
        }
        if let Some(path) = &shared.ca_file {
            store = store.ca_file(path);
        }
        store
    }

    /// What concerns a shared store, if this is one.
    pub const fn shared(&self) -> Option<&SharedStore> {
        match self {
            Self::Sled => None,
            Self::Redis(shared) | Self::Postgres(shared) => Some(shared),
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StoreSection {
    kind: Option<String>,
    url: Option<String>,
    password: Option<String>,
    password_file: Option<PathBuf>,
    ca_file: Option<PathBuf>,
    max_staleness: Option<Written>,
}

impl fmt::Debug for StoreSection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreSection").finish_non_exhaustive()
    }
}

impl StoreSection {
    pub(super) fn check(self, mistakes: &mut Mistakes) -> Option<StoreConfig> {
        let (kind, schemes, example): (fn(SharedStore) -> StoreConfig, &[&str], &str) =
            match self.kind.as_deref() {
                None | Some("sled") => return self.embedded(mistakes),
                Some("redis") => (
                    StoreConfig::Redis,
                    &["redis", "rediss"],
                    "redis://localhost:6379/0, or rediss:// for TLS",
                ),
                Some("postgres") => (
                    StoreConfig::Postgres,
                    &["postgres", "postgresql", "postgress", "postgresqls"],
                    "postgresql://latchkey@localhost/latchkey, or postgresqls:// for TLS",
                ),
                Some(other) => {
                    mistakes.add(format!(
                        "store.kind: {other:?} is not one of \"sled\", \"redis\", \"postgres\""
                    ));
                    return None;
                }
            };
        mistakes.take(self.shared(schemes, example)).map(kind)
    }

    fn embedded(self, mistakes: &mut Mistakes) -> Option<StoreConfig> {
        let set = [
            ("url", self.url.is_some()),
            ("password", self.password.is_some()),
            ("password_file", self.password_file.is_some()),
            ("ca_file", self.ca_file.is_some()),
            ("max_staleness", self.max_staleness.is_some()),
        ];
        let mut good = true;
        for (name, _) in set.into_iter().filter(|(_, is_set)| *is_set) {
            mistakes.add(format!(
                "store.{name}: it is for kind = \"redis\" or \"postgres\"; the kind here is \"sled\""
            ));
            good = false;
        }
        good.then_some(StoreConfig::Sled)
    }

    fn shared(self, schemes: &[&str], example: &str) -> Result<SharedStore, String> {
        let wrong = |what: &str| format!("store.url: {what}; write it like {example}");
        let url = self.url.ok_or_else(|| wrong("set it"))?;
        // The url may hold a password: it is not repeated.
        let url = Url::parse(&url).map_err(|error| wrong(&error.to_string()))?;
        if !schemes.contains(&url.scheme()) {
            return Err(wrong(&format!("its scheme is {:?}", url.scheme())));
        }
        if url.host_str().is_none_or(str::is_empty) {
            return Err(wrong("it names no host"));
        }
        if url.fragment().is_some() {
            return Err(wrong("it has a fragment, which would turn checks off"));
        }
        if self.ca_file.is_some() && !talks_tls(&url) {
            return Err(format!(
                "store.ca_file: certificates are for TLS, and store.url asks for none; write it \
                 like {example}"
            ));
        }
        let password = secret::read("store", "password", self.password, self.password_file)?;
        if password.is_some() && url.password().is_some() {
            return Err("store.password: store.url has a password too; keep one".to_owned());
        }
        let max_staleness = self
            .max_staleness
            .map_or(MAX_STALENESS, |written| written.0);
        if max_staleness < LEAST_STALENESS || max_staleness > MOST_STALENESS {
            return Err(format!(
                "store.max_staleness: {max_staleness:?} is not between {LEAST_STALENESS:?} and \
                 {MOST_STALENESS:?}"
            ));
        }
        Ok(SharedStore {
            url,
            password,
            ca_file: self.ca_file,
            max_staleness,
        })
    }
}

fn talks_tls(url: &Url) -> bool {
    let mut parameters = url.query_pairs();
    matches!(url.scheme(), "rediss" | "postgress" | "postgresqls")
        || url.scheme().starts_with("postgres")
            && parameters.any(|(name, value)| name == "sslmode" && value != "disable")
}

const MAX_STALENESS: Duration = Duration::from_secs(5);
const LEAST_STALENESS: Duration = Duration::from_secs(1);
/// Longer than this, a revocation would hardly deserve the name.
const MOST_STALENESS: Duration = Duration::from_mins(1);
