//! The browser side of Latchkey without a page: keeps the tokens, refreshes them, and sends
//! requests that stay signed in. No Leptos here; any front end can sit on top of [`Client`].
//!
//! [`engine`] decides and is pure; [`client`] carries out what it says with the browser's
//! storage, locks, timers and `fetch`.

pub mod claims;
pub mod client;
pub mod dpop;
pub mod engine;
pub mod events;
pub mod notice;
pub mod session;
pub mod sign_in;
pub mod store;
pub mod tokens;
pub mod transport;

mod backoff;
mod browser;
mod expiry;
mod fetch;
mod lock;
mod reply;

pub use browser::wall_clock;
pub use client::{Call, CallError, Client, SignInError, SignedIn};
pub use engine::{Progress, Trouble};
pub use notice::{Exchange, Notice};
pub use session::{EndReason, SessionState};
pub use sign_in::{CallbackQuery, login_href, step_up_href};
pub use store::Store;
pub use tokens::Tokens;
pub use transport::{
    Listener, Method, Request, Response, Stream, StreamEvent, Transport, Unreachable,
};
