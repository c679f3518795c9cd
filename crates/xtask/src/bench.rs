//! `cargo xtask bench`: figures for docs/performance.md, measured the same way every time.

pub(crate) mod http;
mod load;
mod report;
pub(crate) mod stores;
