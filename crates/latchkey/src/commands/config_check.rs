//! `latchkey config check`: what `serve` will open must be there and fit.

use anyhow::Context as _;
use latchkey_identity::{HttpClient, OidcProvider};

use super::report::Report;
use crate::cli::Overrides;
use crate::config::{self, Config, ConfigError};
use crate::tls;
use crate::web::assets::Assets;

/// Reads the configuration as `serve` would, and opens what it names.
pub(super) fn run(overrides: &Overrides) -> anyhow::Result<Report> {
    let config = config::load_for(overrides, std::env::vars_os())?;
    files(&config)?;
    Ok(Report::ConfigurationValid)
}

/// Opens every file that the configuration names and lists everything that is wrong with them.
fn files(config: &Config) -> anyhow::Result<()> {
    let mut outcomes: Vec<anyhow::Result<()>> = Vec::new();
    outcomes.push(
        Assets::load(config.web_dir.as_deref())
            .map(drop)
            .map_err(Into::into),
    );
    if let Some(tls) = &config.tls {
        outcomes.push(tls::Certificates::load(tls).map(drop));
    }
    if let Some(path) = &config.master_key_file {
        let key = config.master_key().read();
        let key = key.with_context(|| format!("master_key_file: {}", path.display()));
        outcomes.push(key.map(drop));
    }
    outcomes.push(config.store().roots().map(drop).map_err(Into::into));
    outcomes.push(check_providers(config));
    let mistakes = outcomes.into_iter().filter_map(Result::err);
    let mistakes: Vec<_> = mistakes.map(|error| format!("{error:#}")).collect();
    if mistakes.is_empty() {
        return Ok(());
    }
    Err(ConfigError(mistakes).into())
}

fn check_providers(config: &Config) -> anyhow::Result<()> {
    let http = HttpClient::new()?;
    for provider in &config.providers {
        OidcProvider::new(provider.clone(), http.clone())?;
    }
    Ok(())
}
