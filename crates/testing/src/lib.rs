//! Private Redis and PostgreSQL servers on free ports, in temporary directories: for tests and
//! measurements. Each ends with the value that stands for it.

mod certificate;
mod postgres;
mod process;
mod redis;

pub use certificate::Certificate;
pub use postgres::Postgres;
pub use process::{Server, cpu_of, free_port, program};
pub use redis::Redis;

/// A server that can be treated badly.
pub trait Database {
    /// Where it is, for `store.url`.
    fn url(&self) -> String;

    /// Its port on the loopback address.
    fn port(&self) -> u16;

    /// Starts it again over the same files, and waits until it answers.
    fn start_again(&mut self) -> anyhow::Result<()>;

    /// Its processes.
    fn server(&mut self) -> &mut Server;

    /// Another one that repeats everything that happens in this one, from now on before this one
    /// acknowledges it if the kind can do that.
    fn standby(&self) -> anyhow::Result<Box<dyn Database + Send>>;

    /// Ends this one without a warning and lets its standby take over; where acknowledgements do
    /// not wait for the standby, once it has everything.
    fn fail_over(&mut self, standby: &mut dyn Database) -> anyhow::Result<()>;

    /// Ends being a standby.
    fn promote(&mut self) -> anyhow::Result<()>;
}
