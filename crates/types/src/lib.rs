//! The wire types of Latchkey's HTTP API: paths, requests, responses, error codes.
//!
//! Only `serde` types shared by client and server live here: no I/O, no decisions.

#![deny(missing_docs)]

pub mod account;
pub mod activity;
pub mod admin;
pub mod error;
pub mod event;
pub mod export;
pub mod identity;
pub mod oauth;
pub mod password;
pub mod paths;
pub mod provider;
pub mod session;

pub use account::Me;
pub use activity::{Activity, ActivityKind, ActivityList};
pub use admin::BanRequest;
pub use error::{ErrorCode, OAuthError, Problem};
pub use event::ServerEvent;
pub use export::{
    AccountExport, ExportedAccount, ExportedBan, ExportedEvent, ExportedRecord, ExportedSession,
};
pub use identity::{IdentityInfo, IdentityList, LinkCompletion, LinkRequest, LinkStarted};
pub use oauth::{LogoutRequest, RefreshRequest, TokenResponse};
pub use password::{
    FieldError, PasswordChangeRequest, PasswordInfo, PasswordRequest, PasswordResetRequest,
    ResetLinkRequest, SignUp, SignUpRequest,
};
pub use provider::{ProviderInfo, ProviderKind, ProviderList};
pub use session::{SessionInfo, SessionList};

/// Runs the example in the README as a doc test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
