//! What every request goes through.

mod dpop;
pub mod envelope;
pub mod headers;
pub mod local_only;
