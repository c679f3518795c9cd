//! Latchkey's test kit: what tests and benchmarks of Latchkey, and of apps that embed it, share.
//!
//! | feature | what it has |
//! |---|---|
//! | `process` | [`ServerProcess`]: a server as a process of its own |
//! | `databases` | [`Postgres`] and [`Redis`]: private servers on free ports; [`Certificate`] |
//!
//! Nothing that is shipped depends on this crate.

#[cfg(feature = "databases")]
mod certificate;
#[cfg(feature = "databases")]
mod database;
#[cfg(feature = "process")]
mod process;
#[cfg(feature = "process")]
mod server_process;

#[cfg(feature = "databases")]
pub use certificate::Certificate;
#[cfg(feature = "databases")]
pub use database::{Database, Postgres, Redis};
#[cfg(feature = "process")]
pub use process::{Process, Signal, free_port};
#[cfg(feature = "process")]
pub use server_process::ServerProcess;
