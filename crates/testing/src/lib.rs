//! Latchkey's test kit: what tests and benchmarks of Latchkey, and of apps that embed it, share.
//!
//! | feature | what it has |
//! |---|---|
//! | `auth` (default) | [`TestAuth`]: Latchkey in memory, for the tests of an app that embeds it |
//! | `clock` | [`TestClock`]: a clock that a test moves |
//! | `client` | [`ApiClient`]: signs in and calls a server over HTTP |
//! | `provider` | [`ScriptedProvider`]: an OpenID provider that answers as a test wants |
//! | `process` | [`ServerProcess`]: a server as a process of its own |
//! | `databases` | [`Postgres`] and [`Redis`]: private servers on free ports; [`Certificate`] |
//!
//! Nothing that is shipped depends on this crate. What cannot be done panics where a test should
//! fail, or is an error where a benchmark could go on.

#![cfg_attr(
    any(feature = "client", feature = "provider"),
    expect(
        clippy::missing_panics_doc,
        reason = "everything here panics where a test should fail"
    )
)]

/// The example of the README, compiled and run.
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
#[cfg(feature = "process")]
mod process;
#[cfg(feature = "provider")]
mod provider;
#[cfg(feature = "process")]
mod server_process;

#[cfg(feature = "auth")]
pub use auth::{Refusal, SignedIn, TestAuth};
#[cfg(feature = "databases")]
pub use certificate::Certificate;
#[cfg(feature = "client")]
pub use client::{
    ApiClient, Begun, Callback, EventStream, called_back, claims, code, cookie, header, location,
    refusal, tokens,
};
#[cfg(feature = "clock")]
pub use clock::TestClock;
#[cfg(feature = "databases")]
pub use database::{Database, Postgres, Redis};
#[cfg(feature = "process")]
pub use process::{Process, Signal, free_port};
#[cfg(feature = "provider")]
pub use provider::{Answer, ProviderKey, Script, ScriptedProvider, Seen, Stall};
#[cfg(feature = "process")]
pub use server_process::ServerProcess;
