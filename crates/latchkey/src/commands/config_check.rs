//! `latchkey config check`: reads the configuration and every file that it names.

use anyhow::Context as _;

use super::report::Report;
use crate::cli::Overrides;
use crate::config::{self, Config, ConfigError};
use crate::tls;
use crate::web::assets::Assets;

/// Loads the configuration as `serve` does, and opens the files that it names.
pub(super) fn run(overrides: &Overrides) -> anyhow::Result<Report> {
    let config = config::load_for(overrides, std::env::vars_os())?;
    check_files(&config)?;
    Ok(Report::ConfigurationValid)
}

/// Opens every file that the configuration names and lists all errors.
fn check_files(config: &Config) -> anyhow::Result<()> {
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
    let errors = outcomes.into_iter().filter_map(Result::err);
    let errors: Vec<_> = errors.map(|error| format!("{error:#}")).collect();
    if errors.is_empty() {
        return Ok(());
    }
    Err(ConfigError(errors).into())
}
