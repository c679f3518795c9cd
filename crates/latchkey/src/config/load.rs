//! From layers of text to a checked [`Config`].

use std::ffi::OsString;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::{Table, Value};

use super::admission::AdmissionSection;
use super::checked::Config;
use super::demo;
use super::environment;
use super::limits::LimitsSection;
use super::log::LogSection;
use super::mistakes::Mistakes;
use super::providers::{self, ProviderSection};
use super::rights::{self, AdminEntry, Words};
use super::store::StoreSection;
use super::tls::TlsConfig;
use super::tokens::TokensSection;
use crate::cli::{Overrides, Serve};
use latchkey_axum::PublicUrl;
use latchkey_axum::TrustedProxies;

/// The configuration is not good; each mistake is a sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.join("\n          "))]
pub struct ConfigError(pub Vec<String>);

/// The file as it is written, unchecked.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    public_url: Option<String>,
    #[serde(default = "default_listen")]
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
    #[serde(default)]
    log: LogSection,
    tls: Option<TlsConfig>,
}

fn default_listen() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 7000))
}

fn default_data_dir() -> PathBuf {
    PathBuf::from("data")
}

/// Loads the configuration of `latchkey serve`.
pub fn load(
    flags: &Serve,
    variables: impl IntoIterator<Item = (OsString, OsString)>,
) -> Result<Config, ConfigError> {
    let mut mistakes = Mistakes::default();
    let mut table = match file(flags.overrides.config.as_deref()) {
        Ok(table) => table,
        Err(sentence) => return Err(ConfigError(vec![sentence])),
    };
    environment::overlay(&mut table, variables, &mut mistakes);
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
    match serde_path_to_error::deserialize(Value::Table(table)) {
        Ok(written) => check(written, mistakes),
        Err(error) => {
            mistakes.add(sentence_of(&error));
            Err(ConfigError(mistakes.0))
        }
    }
}

/// Loads the configuration of the commands that start no server.
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

fn file(path: Option<&Path>) -> Result<Table, String> {
    let (path, chosen) = match path {
        Some(path) => (path, true),
        None => (Path::new("latchkey.toml"), false),
    };
    match fs::read_to_string(path) {
        Ok(text) => text.parse().map_err(|error: toml::de::Error| {
            let line = error
                .span()
                .map_or(1, |span| text[..span.start].lines().count().max(1));
            format!("{}, line {line}: {}", path.display(), error.message())
        }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && !chosen => Ok(Table::new()),
        Err(error) => Err(format!(
            "the configuration file {} cannot be read: {error}",
            path.display()
        )),
    }
}

fn sentence_of(error: &serde_path_to_error::Error<toml::de::Error>) -> String {
    let path = error.path().to_string();
    let message = error.inner().message();
    if let Some(unknown) = message.strip_prefix("unknown field ") {
        let (name, known) = unknown
            .split_once(", expected ")
            .unwrap_or((unknown, "none"));
        let name = name.trim_matches('`');
        let section = path
            .strip_suffix(name)
            .unwrap_or_default()
            .trim_end_matches('.');
        let place = if section.is_empty() {
            "there".to_owned()
        } else {
            format!("in [{section}]")
        };
        return format!("{path}: there is no such key; known {place}: {known}");
    }
    // The value may be a secret in the wrong place: it is not repeated.
    if let Some(found) = message.strip_prefix("invalid type: ")
        && let Some((found, expected)) = found.rsplit_once(", expected ")
    {
        let kind = found.split([' ', '`']).next().unwrap_or_default();
        return format!("{path}: expected {expected}, not a value of type {kind}");
    }
    format!("{path}: {message}")
}

fn check(file: Written, mut mistakes: Mistakes) -> Result<Config, ConfigError> {
    let public_url = file
        .public_url
        .and_then(|text| mistakes.take(PublicUrl::parse(&text)));
    let loopback = file.listen.ip().is_loopback();
    if file.demo {
        demo::check(
            file.listen,
            public_url.as_ref(),
            &file.trusted_proxies,
            &mut mistakes,
        );
    }
    if public_url.is_none() && !loopback && mistakes.0.is_empty() {
        mistakes.add(format!(
            "public_url: set it to the origin that people see, such as \
             \"https://id.example.com\"; it cannot be derived from listen = \"{}\"",
            file.listen
        ));
    }
    let words = Words::of(&file.providers, &mut mistakes);
    let trusted_proxies = file.trusted_proxies.iter().filter_map(|text| {
        let network = TrustedProxies::parse(text);
        mistakes.take(network.map_err(|wrong| format!("trusted_proxies: {wrong}")))
    });
    let trusted_proxies = trusted_proxies.collect();
    let limits = file.limits.check(&mut mistakes);
    let tokens = file.tokens.check(&mut mistakes);
    let allowed = file.admission.check(&words, &mut mistakes);
    let bare_callback = providers::check_redirects(&file.providers, &mut mistakes);
    let mut providers = providers::check(file.providers, &mut mistakes);
    if let Some(admission) = &allowed {
        providers::hint_domain(&mut providers, admission);
    }
    let rights = rights::rights(
        file.admins,
        allowed.unwrap_or_default(),
        &providers,
        &words,
        &mut mistakes,
    );
    let store = file.store.check(&mut mistakes);
    let log = file.log.check(&mut mistakes);
    match (limits, tokens, store) {
        (Some(limits), Some(tokens), Some(store)) if mistakes.0.is_empty() => Ok(Config {
            public_url,
            listen: file.listen,
            data_dir: file.data_dir,
            master_key_file: file.master_key_file,
            web_dir: file.web_dir,
            demo: file.demo,
            hsts_include_subdomains: file.hsts_include_subdomains,
            rights,
            trusted_proxies,
            limits,
            store,
            tokens,
            providers,
            bare_callback,
            log,
            tls: file.tls,
        }),
        _ => Err(ConfigError(mistakes.0)),
    }
}
