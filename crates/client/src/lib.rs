//! Latchkey's auth client for the browser.
#![doc = ""]
#![doc = include_str!("../README.md")]
//!
//! [`engine`] makes the decisions and is pure; [`client`] executes them with the browser's storage,
//! locks, timers and `fetch`.
#![deny(missing_docs)]

pub mod claims;
pub mod client;
pub mod dpop;
pub mod engine;
pub mod events;
pub mod notice;
pub mod session;
pub mod sign_in;
pub mod token_storage;
pub mod tokens;
pub mod transport;

mod backoff;
mod browser;
mod expiry;
mod fetch;
mod lock;
mod reply;

pub use browser::wall_clock;
pub use client::{Call, CallError, Client, FormError, LinkError, SignInError, SignedIn};
pub use engine::{Progress, TransientError};
pub use notice::{Exchange, Notice};
pub use session::{EndReason, SessionState};
pub use sign_in::{CallbackQuery, login_href, step_up_href};
pub use token_storage::TokenStorage;
pub use tokens::Tokens;
pub use transport::{
    Listener, Method, Request, Response, Stream, StreamEvent, Transport, Unreachable,
};
