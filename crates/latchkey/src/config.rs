//! The configuration: defaults, then the file, then the environment, then flags. All of it is
//! checked before a port opens, and every mistake is one sentence that names the key.

mod admission;
mod demo;
mod duration;
mod environment;
mod limits;
mod load;
mod log;
mod mistakes;
mod providers;
mod proxies;
mod public_url;
mod rights;
mod secret;
mod store;
mod tls;
mod tokens;

#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::path::PathBuf;

pub use limits::{LimitsConfig, Rate};
pub use load::{ConfigError, load, load_for};
pub use log::{LogConfig, LogFormat};
pub use proxies::TrustedProxies;
pub use public_url::PublicUrl;
pub use store::{SharedStore, StoreConfig};
pub use tls::TlsConfig;
pub use tokens::{Binding, TokensConfig};

use latchkey_core::Rights;
use latchkey_identity::OidcConfig;

/// The configuration, checked.
#[derive(Clone, Debug)]
pub struct Config {
    /// `public_url`: the one origin that people see. `None`: follows from the address.
    pub public_url: Option<PublicUrl>,
    /// `listen`: the address to listen on.
    pub listen: SocketAddr,
    /// `data_dir`: where the store and the master key live.
    pub data_dir: PathBuf,
    /// `master_key_file`: the master key, if it does not live in `data_dir`.
    pub master_key_file: Option<PathBuf>,
    /// `web_dir`: the built single-page app, if it is not inside the binary.
    pub web_dir: Option<PathBuf>,
    /// `demo`: whether the built-in provider is offered.
    pub demo: bool,
    /// `hsts_include_subdomains`: whether every host below the public one is to be reached by https
    /// only.
    pub hsts_include_subdomains: bool,
    /// `admins`, `[admission]` and whose word counts for them.
    pub rights: Rights,
    /// `trusted_proxies`: whose `X-Forwarded-For` is believed.
    pub trusted_proxies: TrustedProxies,
    /// `[limits]`
    pub limits: LimitsConfig,
    /// `[store]`
    pub store: StoreConfig,
    /// `[tokens]`
    pub tokens: TokensConfig,
    /// `[providers.NAME]`, in the order in which to offer them.
    pub providers: Vec<OidcConfig>,
    /// `redirect = "/callback"` at the only provider: its redirect URI is the one that was common to
    /// all before each had its own.
    pub bare_callback: bool,
    /// `[log]`
    pub log: LogConfig,
    /// `[tls]`
    pub tls: Option<TlsConfig>,
}
