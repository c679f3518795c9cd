//! Sign-in, refresh tokens and revocation for an axum application.
#![doc = ""]
#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

mod builder;
mod claims;
mod clock;
mod event;
mod http;
mod jobs;
mod latchkey;
mod manage;
mod open;
mod provider;
#[cfg(test)]
#[path = "../../../fuzz/replay.rs"]
mod replay;
mod settings;

#[doc(hidden)]
pub mod backup;
#[doc(hidden)]
pub mod services;
#[doc(hidden)]
pub mod use_cases;

pub use backup::Export;
pub use builder::Builder;
pub use claims::{Claims, ClaimsError, MAX_CLAIMS_BYTES};
pub use clock::SystemClock;
pub use event::Event;
pub use http::ConnectionLimits;
pub use latchkey::{Latchkey, Serving};
pub use latchkey_core::{EndReason, SessionId, Timestamp, User as UserRecord, UserId};
pub use latchkey_guard::{GuardError, GuardLayer, Rejection};
pub use latchkey_identity::ProviderConfig;
pub use latchkey_store::{ListCursor, ListPage, LiveSession, StoreError, UserQuery, UserStatus};
pub use manage::{Operator, Sessions, Users};
pub use open::{MasterKey, OpenError, Store};
pub use provider::Provider;
pub use services::signing_keys::KeysError;
pub use settings::{
    AuditSettings, Binding, InvalidMail, Limits, Mail, MailSecurity, PublicUrl, Rate, SignUp,
    TokenSettings, TrustedProxies,
};
pub use use_cases::operator::OperatorError;

/// The user identified by the access token of the request. Works with any application state `S` for
/// which `Latchkey: FromRef<S>`.
///
/// `Option<User>` is `None` if the request has no token.
pub type User = latchkey_guard::User<Latchkey>;
/// A user who signed in within the last ten minutes (RFC 9470).
pub type Recent = latchkey_guard::Recent<Latchkey>;
/// A user who has the role `admin`, both in the token and at the time of the request, and who
/// signed in within the last ten minutes.
pub type Admin = latchkey_guard::Admin<Latchkey>;

#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub use http::fuzzing;

/// Used by the `latchkey` binary and the test suites; not part of the public API.
#[doc(hidden)]
pub mod internals {
    pub use crate::http::error::ApiError;
    pub use crate::http::providers::{password_info, provider_infos};
    pub use crate::http::serve_aside;
    pub use crate::open::{data_dir, files};
}
