//! The log: where lines go and how they look. Tokens never get here: what holds one has a `Debug`
//! that leaves it out.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::time::SystemTime;

use crate::config::{LogConfig, LogFormat};

/// Libraries that write records, requests or secrets to their log below this level. What the
/// configuration asks for does not reach them.
const CAPPED: [&str; 11] = [
    "aws_lc_rs=info",
    "h2=info",
    "hyper=info",
    "hyper_util=info",
    "openidconnect=info",
    "oauth2=info",
    "redis=info",
    "reqwest=info",
    "rustls=info",
    "sled=info",
    "tokio_postgres=info",
];

/// What is logged: what the configuration says, of libraries no more than they may.
fn filter(config: &LogConfig) -> Result<EnvFilter, String> {
    let invalid = |error: &dyn std::fmt::Display| {
        let filter = &config.filter;
        format!("log.filter: {filter:?} is not a valid filter: {error}")
    };
    // A library that was named with a target of its own (`sled::pagecache=trace`) would win over
    // the cap by being longer.
    let wanted = config.filter.split(',').map(str::trim).filter(|directive| {
        !CAPPED.iter().any(|cap| {
            let (library, _) = cap.split_once('=').unwrap_or((cap, ""));
            let rest = directive.strip_prefix(library);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['=', ':', '[']))
        })
    });
    let wanted = wanted.collect::<Vec<_>>().join(",");
    let mut filter = EnvFilter::try_new(wanted).map_err(|error| invalid(&error))?;
    let quiet = ["off", "error", "warn"].contains(&config.filter.trim());
    for cap in CAPPED.iter().filter(|_| !quiet) {
        filter = filter.add_directive(cap.parse().map_err(|error| invalid(&error))?);
    }
    Ok(filter)
}

/// Starts logging to standard error, once per process.
pub fn start(config: &LogConfig) -> Result<(), String> {
    let filter = filter(config)?;
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_timer(SystemTime)
        .with_target(false)
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()));
    let started = match config.format {
        LogFormat::Human => log.try_init(),
        LogFormat::Json => log.json().try_init(),
    };
    started.map_err(|error| error.to_string())
}
