//! Backups: JSON lines that contain every record.
//!
//! The first line contains the format, the last line the number of records, and each line between
//! them one record. The `check` of a line authenticates its record and all previous lines with a
//! key derived from the master key, so that a line that was changed, removed or moved is detected
//! and reported by its number.
//!
//! ```
//! use std::sync::Arc;
//!
//! use latchkey_axum::backup::{Export, import, verify};
//! use latchkey_store::MemoryStore;
//! use latchkey_tokens::{BackupKey, MasterKey, SystemRng};
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let key = BackupKey::new(&MasterKey::random(&SystemRng));
//! let mut export = Export::of(Arc::new(MemoryStore::empty()), key.clone());
//! let mut backup = Vec::new();
//! while let Some(lines) = export.next().await? {
//!     backup.extend_from_slice(&lines);
//! }
//! let verified = verify(&*backup, key.clone())?;
//! assert_eq!(verified.records, export.records());
//! import(&*backup, key, &verified, &MemoryStore::empty(), |_| ()).await?;
//! # Ok(())
//! # }
//! ```

mod export;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod import;
mod lines;

pub use export::Export;
pub use import::{ImportError, VerifiedBackup, import, verify};
pub use lines::{Chain, LineError};
