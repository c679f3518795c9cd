//! HTTP: the routes, their middleware, and serving connections.

pub(crate) mod error;
mod extract;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
pub(crate) mod middleware;
pub(crate) mod openapi;
pub(crate) mod router;
mod routes;
pub(crate) mod serve;
pub(crate) mod state;

pub(crate) use routes::providers;
pub use serve::{ConnectionLimits, serve_aside};
