//! Merges file, environment and flags, deserializes them and validates the result as a [`Config`].

use core::fmt::Display;
use std::ffi::OsString;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::{Table, Value};

use super::address;
use super::admission::AdmissionSection;
use super::audit::AuditSection;
use super::checked::Config;
use super::config_errors::ConfigErrors;
use super::demo;
use super::deserialize::deserialize;
use super::environment;
use super::limits::LimitsSection;
use super::local::LocalSection;
use super::log::LogSection;
use super::mail::MailSection;
use super::metrics::MetricsSection;
use super::provider_section::ProviderSection;
use super::providers;
use super::rights::{self, AdminEntry, EmailAuthorities};
use super::store::StoreSection;
use super::tls::TlsConfig;
use super::tokens::TokensSection;
use crate::cli::{Overrides, Serve};
use latchkey_axum::PublicUrl;
use latchkey_axum::TrustedProxies;

/// The configuration is invalid. Contains one message for each error.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.join("\n          "))]
pub struct ConfigError(pub Vec<String>);

/// The configuration before validation.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawConfig {
    public_url: Option<String>,
    #[serde(default = "default_listen", deserialize_with = "address::required")]
    listen: SocketAddr,
    #[serde(default = "default_data_dir")]
    data_dir: PathBuf,
    master_key_file: Option<PathBuf>,
    web_dir: Option<PathBuf>,
    #[serde(default)]
    demo: bool,
    #[serde(default)]
    hsts_include_subdomains: bool,
    #[serde(default)]
    admins: Vec<AdminEntry>,
    #[serde(default)]
    trusted_proxies: Vec<String>,
    #[serde(default)]
    limits: LimitsSection,
    #[serde(default)]
    store: StoreSection,
    #[serde(default)]
    tokens: TokensSection,
    #[serde(default)]
    admission: AdmissionSection,
    #[serde(default)]
    providers: std::collections::BTreeMap<String, ProviderSection>,
    local: Option<LocalSection>,
    mail: Option<MailSection>,
    #[serde(default)]
    log: LogSection,
    #[serde(default)]
    metrics: MetricsSection,
    #[serde(default)]
    audit: AuditSection,
    tls: Option<TlsConfig>,
}

fn default_listen() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 7000))
}

fn default_data_dir() -> PathBuf {
    PathBuf::from("data")
}

/// Loads the configuration for `latchkey serve`.
pub fn load(
    flags: &Serve,
    variables: impl IntoIterator<Item = (OsString, OsString)>,
) -> Result<Config, ConfigError> {
    let file = read_file(flags.overrides.config.as_deref());
    let table = file.map_err(|error| ConfigError(vec![error]))?;
    from_table(table, flags, variables)
}

/// Loads the configuration from the content of the file.
pub(super) fn from_table(
    mut table: Table,
    flags: &Serve,
    variables: impl IntoIterator<Item = (OsString, OsString)>,
) -> Result<Config, ConfigError> {
    let mut errors = ConfigErrors::default();
    let origins = environment::overlay(&mut table, variables, &mut errors);
    let mut set = |key: &str, value: Option<String>| {
        if let Some(value) = value {
            table.insert(key.to_owned(), Value::String(value));
        }
    };
    let text = |path: &PathBuf| path.to_string_lossy().into_owned();
    set("data_dir", flags.overrides.data_dir.as_ref().map(text));
    set("listen", flags.listen.map(|address| address.to_string()));
    set("public_url", flags.public_url.clone());
    set("web_dir", flags.web_dir.as_ref().map(text));
    if flags.demo {
        table.insert("demo".to_owned(), Value::Boolean(true));
    }
    match deserialize(table, &origins, &mut errors) {
        Some(raw) => check(raw, errors),
        None => Err(ConfigError(errors.0)),
    }
}

/// Loads the configuration for the commands other than `serve`.
pub fn load_for(
    overrides: &Overrides,
    variables: impl IntoIterator<Item = (OsString, OsString)>,
) -> Result<Config, ConfigError> {
    load(
        &Serve {
            overrides: overrides.clone(),
            ..Serve::default()
        },
        variables,
    )
}

fn read_file(path: Option<&Path>) -> Result<Table, String> {
    let (path, is_explicit) = match path {
        Some(path) => (path, true),
        None => (Path::new("latchkey.toml"), false),
    };
    match fs::read_to_string(path) {
        Ok(text) => parse(&text, &path.display()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && !is_explicit => {
            Ok(Table::new())
        }
        Err(error) => Err(format!(
            "cannot read the configuration file {}: {error}",
            path.display()
        )),
    }
}

/// Parses the content of the file called `name`.
pub(super) fn parse(text: &str, name: &dyn Display) -> Result<Table, String> {
    text.parse().map_err(|error: toml::de::Error| {
        let line = error
            .span()
            .map_or(1, |span| text[..span.start].lines().count().max(1));
        format!("{name}, line {line}: {}", error.message())
    })
}

fn check(raw: RawConfig, mut errors: ConfigErrors) -> Result<Config, ConfigError> {
    let public_url = raw
        .public_url
        .and_then(|text| errors.record(PublicUrl::parse(&text)));
    let loopback = raw.listen.ip().is_loopback();
    if raw.demo {
        demo::check(
            raw.listen,
            public_url.as_ref(),
            &raw.trusted_proxies,
            &mut errors,
        );
    }
    if public_url.is_none() && !loopback && errors.0.is_empty() {
        errors.add(format!(
            "public_url: set it to the public origin, such as \"https://id.example.com\"; it \
             cannot be derived from listen = \"{}\"",
            raw.listen
        ));
    }
    let authorities = EmailAuthorities::new(&raw.providers, &mut errors);
    let trusted_proxies = raw.trusted_proxies.iter().filter_map(|text| {
        let network = TrustedProxies::parse(text);
        errors.record(network.map_err(|error| format!("trusted_proxies: {error}")))
    });
    let trusted_proxies = trusted_proxies.collect();
    let limits = raw.limits.check(&mut errors);
    let tokens = raw.tokens.check(&mut errors);
    let admission = raw.admission.check(&authorities, &mut errors);
    let has_accounts = raw.local.is_some();
    let local = raw
        .local
        .and_then(|local| local.check(admission.as_ref(), &mut errors));
    let mail = raw
        .mail
        .and_then(|mail| mail.check(has_accounts, &mut errors));
    let bare_callback = providers::check_redirects(&raw.providers, &mut errors);
    let mut providers = providers::check(raw.providers, &mut errors);
    if let Some(admission) = &admission {
        providers::hint_domain(&mut providers, admission);
    }
    let rights = rights::rights(
        raw.admins,
        admission.unwrap_or_default(),
        &providers,
        &authorities,
        &mut errors,
    );
    let store = raw.store.check(&mut errors);
    let log = raw.log.check(&mut errors);
    let audit = raw.audit.check(&mut errors);
    let metrics = raw.metrics.check(raw.listen, &mut errors);
    match (limits, tokens, store, audit) {
        (Some(limits), Some(tokens), Some(store), Some(audit)) if errors.0.is_empty() => {
            Ok(Config {
                public_url,
                listen: raw.listen,
                data_dir: raw.data_dir,
                master_key_file: raw.master_key_file,
                web_dir: raw.web_dir,
                demo: raw.demo,
                hsts_include_subdomains: raw.hsts_include_subdomains,
                rights,
                trusted_proxies,
                limits,
                store,
                tokens,
                providers,
                local,
                mail,
                bare_callback,
                metrics,
                audit,
                log,
                tls: raw.tls,
            })
        }
        _ => Err(ConfigError(errors.0)),
    }
}
