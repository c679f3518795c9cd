//! What reaches the log.

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
        tracing::debug!(target: "latchkey_server::http", "ours");
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
