//! What every request goes through.

pub mod envelope;
pub mod headers;
