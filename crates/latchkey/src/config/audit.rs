//! `[audit]`: how long audit records are kept.

use latchkey_axum::AuditSettings;
use serde::Deserialize;

use super::config_errors::ConfigErrors;
use super::duration::HumanDuration;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a section")]
pub(super) struct AuditSection {
    retention: Option<HumanDuration>,
    refresh_retention: Option<HumanDuration>,
    max_records: Option<toml::Value>,
}

impl AuditSection {
    pub(super) fn check(self, errors: &mut ConfigErrors) -> Option<AuditSettings> {
        let default = AuditSettings::default();
        let mut retention = |key: &str, value: Option<HumanDuration>, default| {
            let value = value.map_or(default, |value| value.0);
            let (min, max) = AuditSettings::RETENTIONS;
            errors.record(if value < min || value > max {
                let [value, min, max] = [value, min, max].map(HumanDuration);
                Err(format!(
                    "audit.{key}: {value} is not between {min} and {max}"
                ))
            } else {
                Ok(value)
            })
        };
        let all = retention("retention", self.retention, default.retention);
        let refreshes = retention(
            "refresh_retention",
            self.refresh_retention,
            default.refresh_retention,
        );
        let max_records = errors.record(max_records(self.max_records, default.max_records));
        Some(AuditSettings {
            retention: all?,
            refresh_retention: refreshes?,
            max_records: max_records?,
        })
    }
}

fn max_records(value: Option<toml::Value>, default: usize) -> Result<usize, String> {
    let text = match value {
        None => return Ok(default),
        Some(toml::Value::String(text)) => text,
        Some(other) => other.to_string(),
    };
    let min = AuditSettings::MIN_RECORDS;
    let count = text.parse().ok().filter(|count| *count >= min);
    count.ok_or_else(|| {
        format!(
            "audit.max_records: {text} is invalid; use a number of {min} or more, such as {default}"
        )
    })
}
