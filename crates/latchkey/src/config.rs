//! The configuration: defaults, then the file, then the environment, then flags. All of it is
//! checked before a port opens, and every mistake is one sentence that names the key.

mod admission;
mod checked;
mod demo;
mod duration;
mod environment;
mod limits;
mod load;
mod log;
mod mistakes;
mod providers;
mod rights;
mod secret;
mod store;
mod tls;
mod tokens;

#[cfg(test)]
mod tests;

pub use checked::Config;
pub use load::{ConfigError, load, load_for};
pub use log::{LogConfig, LogFormat};
pub use store::{SharedStore, StoreConfig};
pub use tls::TlsConfig;
