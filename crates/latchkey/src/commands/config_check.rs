//! `latchkey config check`: what `serve` will open must be there and fit.

use super::say;
use crate::app;
use crate::cli::Overrides;
use crate::config::{self, Config, ConfigError};
use crate::http::assets::Assets;
use crate::{master_key, store, tls};

/// Reads the configuration as `serve` would, and opens what it names.
pub(super) fn run(overrides: &Overrides) -> anyhow::Result<()> {
    let config = config::load_for(overrides, std::env::vars_os())?;
    files(&config)?;
    say("the configuration is good");
    Ok(())
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
        outcomes.push(master_key::configured(path).map(drop));
    }
    if let Some(shared) = config.store.shared() {
        outcomes.push(store::roots(shared).map(drop));
    }
    outcomes.push(app::providers(config, None).map(drop));
    let mistakes = outcomes.into_iter().filter_map(Result::err);
    let mistakes: Vec<_> = mistakes.map(|error| format!("{error:#}")).collect();
    if mistakes.is_empty() {
        return Ok(());
    }
    Err(ConfigError(mistakes).into())
}
