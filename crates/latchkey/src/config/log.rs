//! `[log]`

use serde::Deserialize;
use tracing_subscriber::EnvFilter;

use super::mistakes::Mistakes;

/// What is logged, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogConfig {
    /// `format`
    pub format: LogFormat,
    /// `filter`: what to log, such as `info` or `latchkey=debug`.
    pub filter: String,
}

/// How a line of the log looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    #[default]
    Human,
    /// One JSON object a line.
    Json,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LogSection {
    #[serde(default)]
    format: LogFormat,
    filter: Option<String>,
}

impl LogSection {
    pub(super) fn check(self, mistakes: &mut Mistakes) -> LogConfig {
        let filter = self.filter.unwrap_or_else(|| "info".to_owned());
        if let Err(error) = EnvFilter::try_new(&filter) {
            mistakes.add(format!(
                "log.filter: {filter:?} is not a valid filter: {error}"
            ));
        }
        LogConfig {
            format: self.format,
            filter,
        }
    }
}
