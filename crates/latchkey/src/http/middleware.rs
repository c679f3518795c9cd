//! What every request goes through.

pub mod body;
mod dpop;
pub mod envelope;
pub mod headers;
pub mod local_only;
pub mod refusals;
