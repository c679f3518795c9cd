//! The configuration after all checks: what the rest of the program reads.

use std::net::SocketAddr;
use std::path::PathBuf;

use latchkey_axum::{Limits, MasterKey, PublicUrl, Store, TokenSettings, TrustedProxies};
use latchkey_core::Rights;
use latchkey_identity::OidcConfig;

use super::log::LogConfig;
use super::store::StoreConfig;
use super::tls::TlsConfig;

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
    pub limits: Limits,
    /// `[store]`
    pub store: StoreConfig,
    /// `[tokens]`
    pub tokens: TokenSettings,
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

impl Config {
    /// The store to open.
    pub fn store(&self) -> Store {
        self.store.open_in(&self.data_dir)
    }

    /// The master key, created in the data directory at the first start.
    pub fn master_key(&self) -> MasterKey {
        match &self.master_key_file {
            Some(path) => MasterKey::existing_file(path),
            None => MasterKey::file(self.data_dir.join("master.key")),
        }
    }
}
