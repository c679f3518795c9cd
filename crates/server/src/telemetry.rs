//! The log: where lines go and how they look. Tokens never get here: what holds one has a `Debug`
//! that leaves it out.

use std::io::IsTerminal as _;

use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::filter::{EnvFilter, filter_fn};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::time::SystemTime;
use tracing_subscriber::layer::{Layer, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::config::{LogConfig, LogFormat};

/// Libraries that write records, requests or secrets to their log below the level `info`.
const TALKATIVE: [&str; 11] = [
    "aws_lc_rs",
    "h2",
    "hyper",
    "hyper_util",
    "oauth2",
    "openidconnect",
    "redis",
    "reqwest",
    "rustls",
    "sled",
    "tokio_postgres",
];

/// Whether a line may be in the log, whatever is configured.
fn is_harmless(metadata: &Metadata<'_>) -> bool {
    let (library, _) = metadata
        .target()
        .split_once("::")
        .unwrap_or((metadata.target(), ""));
    *metadata.level() <= Level::INFO || !TALKATIVE.contains(&library)
}

/// Starts logging to standard error, once per process.
pub fn start(config: &LogConfig) -> Result<(), String> {
    let started = subscriber(config, std::io::stderr)?.try_init();
    started.map_err(|error| error.to_string())
}

fn subscriber<W>(config: &LogConfig, writer: W) -> Result<impl Subscriber + Send + Sync, String>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let filter = EnvFilter::try_new(&config.filter).map_err(|error| {
        let filter = &config.filter;
        format!("log.filter: {filter:?} is not a valid filter: {error}")
    })?;
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(writer)
        .with_timer(SystemTime)
        .with_target(false)
        .with_ansi(std::io::stderr().is_terminal());
    let lines = match config.format {
        LogFormat::Human => lines.boxed(),
        LogFormat::Json => lines.json().boxed(),
    };
    Ok(tracing_subscriber::registry()
        .with(filter)
        .with(filter_fn(is_harmless))
        .with(lines))
}

#[cfg(test)]
mod tests;
