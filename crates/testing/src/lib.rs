//! Test helpers for Latchkey and for apps that embed it.
//!
//! ```
//! # #[cfg(not(feature = "auth"))]
//! # fn main() {}
//! # #[cfg(feature = "auth")]
//! # #[tokio::main]
//! # async fn main() {
//! use latchkey_testing::TestAuth;
//!
//! let auth = TestAuth::start().await;
//! let ada = auth.sign_in("ada@example.com").await;
//! assert_eq!(ada.check().await, Ok(()));
//! auth.revoke(&ada).await;
//! assert_eq!(ada.check().await.unwrap_err().code, "token_revoked");
//! # }
//! ```
//!
//! | feature | contents |
//! |---|---|
//! | `auth` (default) | [`TestAuth`]: an app that embeds Latchkey with an in-memory store |
//! | `clock` | [`TestClock`]: a clock that the test sets |
//! | `client` | [`ApiClient`]: an HTTP client for a Latchkey server |
//! | `provider` | [`ScriptedProvider`], [`ScriptedGitHub`]: an OpenID provider and GitHub, whose responses the test scripts |
//! | `process` | [`ServerProcess`]: a server as a child process |
//! | `databases` | [`Postgres`] and [`Redis`]: private servers on free ports; [`Certificate`] |
//!
//! Use this crate only as a dev-dependency. Functions that only tests use panic on failure;
//! functions that benchmarks also use return an error.

#![deny(missing_docs)]
#![cfg_attr(
    any(feature = "client", feature = "provider"),
    expect(clippy::missing_panics_doc, reason = "test helpers panic on failure")
)]

/// Compiles and runs the example in the README.
#[cfg(all(doctest, feature = "auth"))]
#[doc = include_str!("../README.md")]
struct Readme;

#[cfg(feature = "auth")]
mod auth;
#[cfg(feature = "databases")]
mod certificate;
#[cfg(feature = "client")]
mod client;
#[cfg(feature = "clock")]
mod clock;
#[cfg(feature = "databases")]
mod database;
#[cfg(feature = "provider")]
mod github;
#[cfg(feature = "process")]
mod process;
#[cfg(feature = "provider")]
mod provider;
#[cfg(feature = "provider")]
mod scripted;
#[cfg(feature = "process")]
mod server_process;

#[cfg(feature = "auth")]
pub use auth::{Refusal, SignedIn, TestAuth};
#[cfg(feature = "databases")]
pub use certificate::Certificate;
#[cfg(feature = "client")]
pub use client::{
    ApiClient, Callback, EventStream, PendingSignIn, callback_from, claims, code, cookie, header,
    location, refusal, tokens,
};
#[cfg(feature = "clock")]
pub use clock::TestClock;
#[cfg(feature = "databases")]
pub use database::{Database, Postgres, Redis};
#[cfg(feature = "provider")]
pub use github::{GitHubScript, ScriptedGitHub};
#[cfg(feature = "process")]
pub use process::{Process, Signal, free_port};
#[cfg(feature = "provider")]
pub use provider::{
    ProviderKey, ReceivedRequest, Script, ScriptedProvider, ScriptedResponse, Stall,
};
#[cfg(feature = "process")]
pub use server_process::ServerProcess;
