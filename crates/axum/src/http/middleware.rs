//! Middleware for all routes.

pub(crate) mod body;
mod dpop;
pub(crate) mod envelope;
pub(crate) mod headers;
pub(crate) mod local_only;
pub(crate) mod refusals;
