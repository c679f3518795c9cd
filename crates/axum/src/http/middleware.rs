//! Middleware: around all of Latchkey's routes, or around some of them ([`local_only`]).

pub(crate) mod body;
mod dpop;
pub(crate) mod envelope;
pub(crate) mod headers;
pub(crate) mod local_only;
pub(crate) mod refusals;
