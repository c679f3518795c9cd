//! Chooses the implementation of a provider.

use std::sync::Arc;

use crate::config::ProviderConfig;
use crate::error::ConfigError;
use crate::github::GitHubProvider;
use crate::http::HttpClient;
use crate::oidc::OidcProvider;
use crate::provider::{Kind, Provider};

/// Creates a provider with this configuration. Its kind determines the protocol.
///
/// # Errors
///
/// Returns an error if the configuration is not valid.
pub fn connect(config: ProviderConfig, http: HttpClient) -> Result<Arc<dyn Provider>, ConfigError> {
    Ok(match config.kind {
        Kind::GitHub => Arc::new(GitHubProvider::new(config, http)?),
        _ => Arc::new(OidcProvider::new(config, http)?),
    })
}
