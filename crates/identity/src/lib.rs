//! Sign-in with OpenID Connect providers, and the demo provider of `--demo`.
//!
//! A [`Provider`] builds the URL to send the browser to, and turns the response that the browser
//! returns with into a [`latchkey_core::Profile`]. Users, sessions, cookies and HTTP routes are not
//! handled here. The current time is a parameter everywhere; only timeouts use the runtime's timer.

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
