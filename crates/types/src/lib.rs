//! What the browser and the server say to each other: paths, requests, responses, error codes.
//!
//! Only `serde` types live here. No I/O, no decisions, nothing that either side keeps to itself.

pub mod account;
pub mod error;
pub mod oauth;
pub mod paths;
pub mod provider;

pub use account::Me;
pub use error::{ErrorCode, OAuthError, Problem};
pub use oauth::{LogoutRequest, RefreshRequest, TokenResponse};
pub use provider::{ProviderInfo, ProviderKind, ProviderList};
