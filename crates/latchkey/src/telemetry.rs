//! Logging: the destination, the format and the filter. Types that contain a token omit it from
//! `Debug`, so tokens are never logged.

#[cfg(feature = "otel")]
mod otlp;

use std::io::IsTerminal as _;

use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::filter::{EnvFilter, filter_fn};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::time::SystemTime;
use tracing_subscriber::layer::{Layer, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::config::{LogConfig, LogFormat};

/// Libraries that log records, requests or secrets at the levels `debug` and `trace`.
const VERBOSE_LIBRARIES: [&str; 15] = [
    "aws_lc_rs",
    "h2",
    "hyper",
    "hyper_util",
    "oauth2",
    "openidconnect",
    "opentelemetry",
    "opentelemetry-http",
    "opentelemetry-otlp",
    "opentelemetry_sdk",
    "redis",
    "reqwest",
    "rustls",
    "sled",
    "tokio_postgres",
];

/// Whether an event may be logged. Applies in addition to the configured filter.
fn is_safe_to_log(metadata: &Metadata<'_>) -> bool {
    let (library, _) = metadata
        .target()
        .split_once("::")
        .unwrap_or((metadata.target(), ""));
    *metadata.level() <= Level::INFO || !VERBOSE_LIBRARIES.contains(&library)
}

/// Logging that has started. Keep it until the process ends.
#[derive(Debug)]
pub struct Telemetry {
    #[cfg(feature = "otel")]
    _export: Option<otlp::Export>,
}

/// Starts logging to standard error and, with the feature `otel`, the export of spans. Call it once
/// per process.
pub fn start(config: &LogConfig) -> Result<Telemetry, String> {
    let subscriber = subscriber(config, std::io::stderr)?;
    #[cfg(feature = "otel")]
    let export = otlp::from_environment()?;
    #[cfg(feature = "otel")]
    let subscriber = subscriber.with(export.as_ref().map(otlp::Export::layer));
    subscriber.try_init().map_err(|error| error.to_string())?;
    Ok(Telemetry {
        #[cfg(feature = "otel")]
        _export: export,
    })
}

fn subscriber<W>(
    config: &LogConfig,
    writer: W,
) -> Result<impl Subscriber + for<'a> LookupSpan<'a> + Send + Sync, String>
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
        // The current span with its fields, but without the list of spans that enclose it.
        LogFormat::Json => lines.json().with_span_list(false).boxed(),
    };
    Ok(tracing_subscriber::registry()
        .with(filter)
        .with(filter_fn(is_safe_to_log))
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
                tracing::debug!(target: "opentelemetry-otlp", "a response");
                tracing::debug!(target: "opentelemetry_sdk", "a span");
            });
            assert_eq!(log, "", "{filter}");
        }
    }

    #[test]
    fn filter_selects_what_is_logged() {
        let act = || {
            tracing::debug!(target: "latchkey::http", "ours");
            tracing::debug!(target: "sledgehammer", "a similar target");
            tracing::warn!(target: "sled", "a warning");
        };
        let log = logged("debug", act);
        for line in ["ours", "a similar target", "a warning"] {
            assert!(log.contains(line), "{log}");
        }
        let log = logged("warn", act);
        assert!(log.contains("a warning") && !log.contains("ours"), "{log}");
        assert_eq!(logged("off", act), "");
    }
}
