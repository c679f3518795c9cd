//! `cargo xtask bench`: reproducible measurements for docs/performance.md.

pub(crate) mod http;
mod load;
mod report;
pub(crate) mod stores;
