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
mod tests {
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("not poisoned").write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(filter: &str, act: impl FnOnce()) -> String {
        let lines = Lines::default();
        let config = LogConfig {
            filter: filter.to_owned(),
            format: LogFormat::Human,
        };
        let writer = lines.clone();
        let subscriber = subscriber(&config, move || writer.clone()).expect("a filter");
        tracing::subscriber::with_default(subscriber, act);
        let lines = lines.0.lock().expect("not poisoned");
        String::from_utf8(lines.clone()).expect("text")
    }

    #[test]
    fn security_93_no_filter_brings_records_of_libraries_into_the_log() {
        for filter in [
            "trace",
            "debug,tokio_postgres=trace",
            "tokio_postgres::query=debug",
            "info,[request]=trace",
            "[{id}]=trace",
            "off,sled=trace,redis=debug",
        ] {
            let log = logged(filter, || {
                let _inside = tracing::error_span!("request", id = 1).entered();
                tracing::debug!(target: "tokio_postgres::query", "a record");
                tracing::trace!(target: "sled", "a record");
                tracing::debug!(target: "redis::cmd", "a record");
            });
            assert_eq!(log, "", "{filter}");
        }
    }

    #[test]
    fn what_is_configured_is_logged() {
        let act = || {
            tracing::debug!(target: "latchkey::http", "ours");
            tracing::debug!(target: "sledgehammer", "of another name");
            tracing::warn!(target: "sled", "a warning");
        };
        let log = logged("debug", act);
        for line in ["ours", "of another name", "a warning"] {
            assert!(log.contains(line), "{log}");
        }
        let log = logged("warn", act);
        assert!(log.contains("a warning") && !log.contains("ours"), "{log}");
        assert_eq!(logged("off", act), "");
    }
}
