//! Sign-in with OpenID Connect providers and GitHub, and the demo provider of `--demo`.
//!
//! A [`Provider`] builds the URL to which the browser is redirected, and exchanges the
//! authorization response for an [`AuthenticatedProfile`]. Users, sessions, cookies and HTTP routes
//! are not handled here. The current time is a parameter everywhere; only timeouts use the runtime's
//! timer.
//!
//! ```
//! use latchkey_identity::{HttpClient, ProviderConfig, OidcProvider, Provider};
//!
//! let config = ProviderConfig {
//!     label: "Example Inc.".to_owned(),
//!     client_secret: Some("secret".into()),
//!     ..ProviderConfig::new("work", "http://localhost:9000", "latchkey")
//! };
//! let provider = OidcProvider::new(config, HttpClient::new()?)?;
//! assert_eq!((provider.id(), provider.label()), ("work", "Example Inc."));
//! # Ok::<(), latchkey_identity::ConfigError>(())
//! ```

#![deny(missing_docs)]

mod clean;
mod config;
mod connect;
mod error;
mod github;
mod http;
mod json;
mod oidc;
mod pkce;
mod presets;
mod provider;
mod validation_error;

pub mod demo;

pub use config::{ClientAuth, ProviderConfig, StepUp, default_scopes};
pub use connect::connect;
pub use error::{ConfigError, SignInError};
pub use github::GitHubProvider;
pub use http::{HttpClient, HttpError};
pub use oidc::OidcProvider;
pub use presets::{auth0, github, gitlab, google, keycloak, microsoft, okta};
pub use provider::{
    AuthenticatedProfile, AuthorizationResponse, AuthorizeRequest, Kind, Prompt, Provider,
};
pub use validation_error::ValidationError;

/// Runs the example in the README as a doc test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
