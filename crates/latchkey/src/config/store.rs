//! `[store]`: the kind of store, and how to connect to a shared one.

use core::time::Duration;
use std::fmt;
use std::path::{Path, PathBuf};

use latchkey_axum::Store;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use url::Url;

use super::config_errors::ConfigErrors;
use super::duration::HumanDuration;
use super::secret;

/// The store.
#[derive(Clone, Debug)]
pub enum StoreConfig {
    /// `kind = "sled"`: embedded, in `data_dir`, for a single machine.
    Sled,
    /// `kind = "redis"`: for several machines.
    Redis(SharedStore),
    /// `kind = "postgres"`: for several machines.
    Postgres(SharedStore),
}

/// A store that several machines share.
#[derive(Clone)]
pub struct SharedStore {
    /// `url`: the address, and whether to use TLS. May contain a password.
    pub url: Url,
    /// `password`, or the content of `password_file`.
    pub password: Option<SecretString>,
    /// `ca_file`: PEM certificates to trust instead of those of the system.
    pub ca_file: Option<PathBuf>,
    /// `max_staleness`: how long the server accepts tokens while it cannot read the store.
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
    /// The store. Uses the directory for the records of an embedded store, or for the id of a shared
    /// one.
    pub(super) fn in_dir(&self, data_dir: &Path) -> Store {
        let (store, shared) = match self {
            Self::Sled => return Store::sled(data_dir),
            Self::Redis(shared) => (Store::redis(shared.url.as_str()), shared),
            Self::Postgres(shared) => (Store::postgres(shared.url.as_str()), shared),
        };
        let mut store = store
            .max_staleness(shared.max_staleness)
            .id_file(data_dir.join("store.id"));
        if let Some(password) = &shared.password {
            store = store.password(password.expose_secret());
        }
        if let Some(path) = &shared.ca_file {
            store = store.ca_file(path);
        }
        store
    }

    /// The settings of a shared store; `None` if the store is embedded.
    pub const fn shared(&self) -> Option<&SharedStore> {
        match self {
            Self::Sled => None,
            Self::Redis(shared) | Self::Postgres(shared) => Some(shared),
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a section")]
pub(super) struct StoreSection {
    kind: Option<String>,
    url: Option<String>,
    password: Option<SecretString>,
    password_file: Option<PathBuf>,
    ca_file: Option<PathBuf>,
    max_staleness: Option<HumanDuration>,
}

impl fmt::Debug for StoreSection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreSection").finish_non_exhaustive()
    }
}

impl StoreSection {
    pub(super) fn check(self, errors: &mut ConfigErrors) -> Option<StoreConfig> {
        let (kind, schemes, example): (fn(SharedStore) -> StoreConfig, &[&str], &str) =
            match self.kind.as_deref() {
                None | Some("sled") => return self.embedded(errors),
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
                    errors.add(format!(
                        "store.kind: {other:?} is not one of \"sled\", \"redis\", \"postgres\""
                    ));
                    return None;
                }
            };
        errors.record(self.shared(schemes, example)).map(kind)
    }

    fn embedded(self, errors: &mut ConfigErrors) -> Option<StoreConfig> {
        let set = [
            ("url", self.url.is_some()),
            ("password", self.password.is_some()),
            ("password_file", self.password_file.is_some()),
            ("ca_file", self.ca_file.is_some()),
            ("max_staleness", self.max_staleness.is_some()),
        ];
        let mut is_valid = true;
        for (name, _) in set.into_iter().filter(|(_, is_set)| *is_set) {
            errors.add(format!(
                "store.{name}: this key requires kind = \"redis\" or \"postgres\", but the kind is \
                 \"sled\""
            ));
            is_valid = false;
        }
        is_valid.then_some(StoreConfig::Sled)
    }

    fn shared(self, schemes: &[&str], example: &str) -> Result<SharedStore, String> {
        let invalid = |problem: &str| format!("store.url: {problem}; use a URL such as {example}");
        let url = self.url.ok_or_else(|| invalid("this key is required"))?;
        // The message omits the URL, which may contain a password.
        let url = Url::parse(&url).map_err(|error| invalid(&error.to_string()))?;
        if !schemes.contains(&url.scheme()) {
            return Err(invalid(&format!("the scheme is {:?}", url.scheme())));
        }
        if url.host_str().is_none_or(str::is_empty) {
            return Err(invalid("the host is missing"));
        }
        if url.fragment().is_some() {
            return Err(invalid(
                "a fragment is not allowed, because `#insecure` would disable TLS verification",
            ));
        }
        if self.ca_file.is_some() && !uses_tls(&url) {
            return Err(format!(
                "store.ca_file: store.url does not use TLS; remove ca_file, or use a URL such as \
                 {example}"
            ));
        }
        let password = secret::read("store", "password", self.password, self.password_file)?;
        if password.is_some() && url.password().is_some() {
            return Err(
                "store.password: store.url also contains a password; remove one of them".to_owned(),
            );
        }
        let max_staleness = self
            .max_staleness
            .map_or(DEFAULT_STALENESS, |duration| duration.0);
        if max_staleness < MIN_STALENESS || max_staleness > MAX_STALENESS {
            let [value, min, max] =
                [max_staleness, MIN_STALENESS, MAX_STALENESS].map(HumanDuration);
            return Err(format!(
                "store.max_staleness: {value} is not between {min} and {max}"
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

fn uses_tls(url: &Url) -> bool {
    let mut parameters = url.query_pairs();
    matches!(url.scheme(), "rediss" | "postgress" | "postgresqls")
        || url.scheme().starts_with("postgres")
            && parameters.any(|(name, value)| name == "sslmode" && value != "disable")
}

const DEFAULT_STALENESS: Duration = Duration::from_secs(5);
const MIN_STALENESS: Duration = Duration::from_secs(1);
/// The longest time for which a disconnected server may accept a token that another server has
/// revoked.
const MAX_STALENESS: Duration = Duration::from_mins(1);
