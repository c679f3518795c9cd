//! The validated configuration, which the rest of the program uses.

use std::net::SocketAddr;
use std::path::PathBuf;

use latchkey_axum::{
    AuditSettings, Limits, Mail, MasterKey, PublicUrl, SignUp, Store, TokenSettings, TrustedProxies,
};
use latchkey_core::Rights;
use latchkey_identity::ProviderConfig;

use super::log::LogConfig;
use super::metrics::MetricsConfig;
use super::store::StoreConfig;
use super::tls::TlsConfig;

/// The validated configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// `public_url`: the public origin. `None`: derived from the address to listen on.
    pub public_url: Option<PublicUrl>,
    /// `listen`: the address to listen on.
    pub listen: SocketAddr,
    /// `data_dir`: the directory of the store and the master key.
    pub data_dir: PathBuf,
    /// `master_key_file`: the master key, if it is not in `data_dir`.
    pub master_key_file: Option<PathBuf>,
    /// `web_dir`: the built single-page app, if it is not embedded in the binary.
    pub web_dir: Option<PathBuf>,
    /// `demo`: whether the built-in demo provider is enabled.
    pub demo: bool,
    /// `hsts_include_subdomains`: whether HSTS includes the subdomains of the public host.
    pub hsts_include_subdomains: bool,
    /// `admins`, `[admission]`, and which providers are trusted for which email addresses.
    pub rights: Rights,
    /// `trusted_proxies`: the proxies whose `X-Forwarded-For` header is used.
    pub trusted_proxies: TrustedProxies,
    /// `[limits]`
    pub limits: Limits,
    /// `[store]`
    pub store: StoreConfig,
    /// `[tokens]`
    pub tokens: TokenSettings,
    /// `[providers.NAME]`, in the order of the sign-in page.
    pub providers: Vec<ProviderConfig>,
    /// `[mail]`: the mail server, if there is one.
    pub mail: Option<Mail>,
    /// `[local]`: who may create a local account; `None` without local accounts.
    pub local: Option<SignUp>,
    /// `redirect = "/callback"` in the section of the only provider: its redirect URI has no provider
    /// name, as in earlier versions.
    pub bare_callback: bool,
    /// `[audit]`
    pub audit: AuditSettings,
    /// `[metrics]`
    pub metrics: MetricsConfig,
    /// `[log]`
    pub log: LogConfig,
    /// `[tls]`
    pub tls: Option<TlsConfig>,
}

impl Config {
    /// The configured store, not yet opened.
    pub fn store(&self) -> Store {
        self.store.in_dir(&self.data_dir)
    }

    /// The master key. In the data directory, it is created at the first start.
    pub fn master_key(&self) -> MasterKey {
        match &self.master_key_file {
            Some(path) => MasterKey::existing_file(path),
            None => MasterKey::file(self.data_dir.join("master.key")),
        }
    }
}
