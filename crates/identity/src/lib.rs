//! Sign-in with OpenID Connect providers, and the demo provider of `--demo`.
//!
//! A [`Provider`] builds the URL to which the browser is redirected, and exchanges the
//! authorization response for an [`AuthenticatedProfile`]. Users, sessions, cookies and HTTP routes
//! are not handled here. The current time is a parameter everywhere; only timeouts use the runtime's
//! timer.
//!
//! ```
//! use latchkey_identity::{HttpClient, OidcConfig, OidcProvider, Provider};
//!
//! let config = OidcConfig {
//!     label: "Example Inc.".to_owned(),
//!     client_secret: Some("secret".into()),
//!     ..OidcConfig::new("work", "http://localhost:9000", "latchkey")
//! };
//! let provider = OidcProvider::new(config, HttpClient::new()?)?;
//! assert_eq!((provider.id(), provider.label()), ("work", "Example Inc."));
//! # Ok::<(), latchkey_identity::ConfigError>(())
//! ```

#![deny(missing_docs)]

mod error;
mod http;
mod oidc;
mod provider;
mod validation_error;

pub mod demo;

pub use error::{ConfigError, SignInError};
pub use http::{HttpClient, HttpError};
pub use oidc::{ClientAuth, OidcConfig, OidcProvider, default_scopes, google};
pub use provider::{
    AuthenticatedProfile, AuthorizationResponse, AuthorizeRequest, Kind, Prompt, Provider,
};
pub use validation_error::ValidationError;

/// Runs the example in the README as a doc test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
