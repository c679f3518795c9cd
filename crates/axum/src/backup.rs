//! Backups: JSON lines that contain every record.
//!
//! The first line contains the format, the last line the number of records, and each line between
//! them one record. The `check` of a line authenticates its record and all previous lines with a
//! key derived from the master key, so that a line that was changed, removed or moved is detected
//! and reported by its number.

mod export;
mod import;
mod lines;

pub use export::Export;
pub use import::{ImportError, VerifiedBackup, import, verify};
pub use lines::{Chain, LineError};
