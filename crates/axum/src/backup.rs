//! Backups: JSON lines that hold every record, each with a check that names the line where
//! something is wrong.
//!
//! The first line says what it is, the last one how many records there are; between them one
//! record a line. Each `check` authenticates the record and all before it with a key derived from
//! the master key, so that a line that was changed, lost or moved is found where it is.

mod export;
mod import;
mod lines;

pub use export::Export;
pub use import::{ImportError, examine, import};
pub use lines::{Chain, LineError};
