//! Who somebody is: sign-in with OpenID Connect providers, and the small provider of `--demo`.
//!
//! A [`Provider`] sends a browser away and makes a [`latchkey_core::Profile`] of what it comes back
//! with. Accounts, sessions, cookies and HTTP routes are the server's business, not this crate's.
//! Time comes in as a parameter everywhere; only waiting is measured with the runtime's timer.

mod check;
mod error;
mod http;
mod oidc;
mod provider;

pub mod demo;

pub use check::Check;
pub use error::{ConfigError, SignInError};
pub use http::{HttpClient, HttpError};
pub use oidc::{ClientAuth, OidcConfig, OidcProvider, default_scopes, google};
pub use provider::{
    AuthenticatedProfile, AuthorizationAnswer, AuthorizeRequest, Kind, Prompt, Provider,
};
