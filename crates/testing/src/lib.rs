//! Private Redis and PostgreSQL servers on free ports, in temporary directories: for tests and
//! measurements. Each ends with the value that stands for it.

mod certificate;
mod postgres;
mod process;
mod redis;

use std::time::Duration;

pub use certificate::Certificate;
pub use postgres::Postgres;
pub use process::{cpu_of, free_port, program};
pub use redis::Redis;

/// A server that can be treated badly.
pub trait Database {
    /// Where it is, for `store.url`.
    fn url(&self) -> String;

    /// Its port on the loopback address.
    fn port(&self) -> u16;

    /// How much processor time it has taken, all its processes together.
    fn cpu(&self) -> Duration;

    /// Ends it without a warning.
    fn kill(&mut self) -> anyhow::Result<()>;

    /// Starts it again over the same files, and waits until it answers.
    fn start_again(&mut self) -> anyhow::Result<()>;

    /// Stops it in the middle of whatever it does (SIGSTOP).
    fn pause(&self) -> anyhow::Result<()>;

    /// Lets it go on.
    fn resume(&self) -> anyhow::Result<()>;
}
