//! The configuration, merged from defaults, the file, the environment and flags, in this order. It is
//! checked before the server listens. Each error message names the key; all errors are reported at
//! once.

mod address;
mod admission;
mod audit;
mod checked;
mod config_errors;
mod demo;
mod deserialize;
mod duration;
mod environment;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod limits;
mod load;
mod local;
mod log;
mod mail;
mod metrics;
mod provider_kind;
mod provider_section;
mod providers;
mod rights;
mod secret;
mod store;
mod tls;
mod tokens;

#[cfg(test)]
mod tests;

pub use checked::Config;
pub(crate) use duration::parse as parse_duration;
pub use load::{ConfigError, load, load_for};
pub use log::{LogConfig, LogFormat};
pub use metrics::{MetricsConfig, MetricsToken};
pub use store::{SharedStore, StoreConfig};
pub use tls::TlsConfig;
