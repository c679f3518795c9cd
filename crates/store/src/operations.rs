//! The operations of a store: what each of them reads, decides and writes, top to bottom, the same
//! over every engine. Beside them stand the traits' implementations, which say how an engine runs
//! them: as one change, or in several steps.
//!
//! Who may do what, and what a refresh token leads to, is decided in `latchkey-core`.

mod audit;
mod backup;
mod bans;
mod denials;
mod ends;
mod expiry;
mod flows;
mod maintenance;
mod session_record;
mod sessions;
mod signing_keys;
mod store_id;
mod sweep;
mod users;

/// How many records are read at once where there may be millions.
const PAGE: usize = 1000;

#[cfg(test)]
mod tests;
