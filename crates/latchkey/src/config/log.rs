//! `[log]`: the filter and the format of the log.

use serde::Deserialize;
use tracing_subscriber::EnvFilter;

use super::config_errors::ConfigErrors;

/// The validated section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogConfig {
    /// `format`: the format of log lines.
    pub format: LogFormat,
    /// `filter`: what to log, such as `info` or `latchkey=debug`.
    pub filter: String,
}

/// The format of log lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Text for people.
    #[default]
    Human,
    /// One JSON object per line.
    Json,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a section")]
pub(super) struct LogSection {
    #[serde(default)]
    format: LogFormat,
    filter: Option<String>,
}

impl LogSection {
    pub(super) fn check(self, errors: &mut ConfigErrors) -> LogConfig {
        let filter = self.filter.unwrap_or_else(|| "info".to_owned());
        if let Err(error) = EnvFilter::try_new(&filter) {
            errors.add(format!(
                "log.filter: {filter:?} is not a valid filter: {error}"
            ));
        }
        LogConfig {
            format: self.format,
            filter,
        }
    }
}
