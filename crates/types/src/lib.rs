//! What the browser and the server say to each other: paths, requests, responses, error codes.
//!
//! Only `serde` types live here. No I/O, no decisions, nothing that either side keeps to itself.

pub mod account;
pub mod activity;
pub mod admin;
pub mod error;
pub mod event;
pub mod oauth;
pub mod paths;
pub mod provider;
pub mod session;

pub use account::Me;
pub use activity::{Activity, ActivityKind, ActivityList};
pub use admin::BanRequest;
pub use error::{ErrorCode, OAuthError, Problem};
pub use event::ServerEvent;
pub use oauth::{LogoutRequest, RefreshRequest, TokenResponse};
pub use provider::{ProviderInfo, ProviderKind, ProviderList};
pub use session::{SessionInfo, SessionList};
