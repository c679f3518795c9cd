//! `cargo xtask bench`: figures for docs/performance.md, measured the same way every time.

mod form;
pub(crate) mod http;
mod load;
mod report;
mod sign_in;
pub(crate) mod stores;
