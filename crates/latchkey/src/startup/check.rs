//! `latchkey config check`: what `serve` will open must be there and fit.

use super::{master_key, providers, store, tls};
use crate::config::{Config, ConfigError};
use crate::http::assets::Assets;

/// Opens every file that the configuration names and lists everything that is wrong with them.
pub(super) fn files(config: &Config) -> anyhow::Result<()> {
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
    outcomes.push(providers(config, None).map(drop));
    let mistakes = outcomes.into_iter().filter_map(Result::err);
    let mistakes: Vec<_> = mistakes.map(|error| format!("{error:#}")).collect();
    if mistakes.is_empty() {
        return Ok(());
    }
    Err(ConfigError(mistakes).into())
}
