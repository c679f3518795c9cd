//! `[limits]`: rate limits, and limits for connections and sessions.

use core::time::Duration;

use latchkey_axum::{Limits, Rate};
use serde::Deserialize;

use super::config_errors::ConfigErrors;

const DEFAULT_RATE: &str = "6000/m";
/// Half of the total limit, so that one address cannot use up all connections.
const MAX_CONNECTIONS_PER_ADDRESS: u32 = 10_000;

/// The upper bound of `max_sessions`. Listing sessions reads all of them.
const MAX_SESSIONS: usize = 1000;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a section")]
pub(super) struct LimitsSection {
    per_address: Option<String>,
    per_session: Option<String>,
    connections_per_address: Option<toml::Value>,
    max_sessions: Option<toml::Value>,
}

impl LimitsSection {
    pub(super) fn check(self, errors: &mut ConfigErrors) -> Option<Limits> {
        let mut rate = |key: &str, value: Option<String>| {
            let text = value.as_deref().unwrap_or(DEFAULT_RATE);
            let invalid = || {
                format!(
                    "limits.{key}: {text:?} is not a valid rate; use a value such as \"300/m\" \
                     (/s, /m or /h), or \"off\""
                )
            };
            errors.record(match text {
                "off" => Ok(None),
                _ => parse_rate(text).map(Some).ok_or_else(invalid),
            })
        };
        let per_address = rate("per_address", self.per_address);
        let per_session = rate("per_session", self.per_session);
        let connections = errors.record(connections(self.connections_per_address));
        let max_sessions = errors.record(max_sessions(self.max_sessions));
        Some(Limits {
            per_address: per_address?,
            per_session: per_session?,
            connections_per_address: connections?,
            max_sessions: max_sessions?,
        })
    }
}

fn connections(value: Option<toml::Value>) -> Result<Option<u32>, String> {
    let text = match value {
        None => return Ok(Some(Limits::DEFAULT_CONNECTIONS)),
        Some(toml::Value::String(text)) => text,
        Some(other) => other.to_string(),
    };
    if text == "off" {
        return Ok(None);
    }
    let count = text.parse().ok();
    count
        .filter(|count| (1..=MAX_CONNECTIONS_PER_ADDRESS).contains(count))
        .map(Some)
        .ok_or_else(|| {
            format!(
                "limits.connections_per_address: {text} is not a number from 1 to \
                 {MAX_CONNECTIONS_PER_ADDRESS}; use a value such as {}, or \"off\"",
                Limits::DEFAULT_CONNECTIONS
            )
        })
}

fn max_sessions(value: Option<toml::Value>) -> Result<usize, String> {
    let text = match value {
        None => return Ok(Limits::DEFAULT_SESSIONS),
        Some(toml::Value::String(text)) => text,
        Some(other) => other.to_string(),
    };
    let count = text.parse().ok();
    count
        .filter(|count| (1..=MAX_SESSIONS).contains(count))
        .ok_or_else(|| {
            format!(
                "limits.max_sessions: {text} is not a number from 1 to {MAX_SESSIONS}; use a \
                 value such as {}",
                Limits::DEFAULT_SESSIONS
            )
        })
}

fn parse_rate(text: &str) -> Option<Rate> {
    let (count, unit) = text.split_once('/')?;
    let per = match unit {
        "s" => Duration::from_secs(1),
        "m" => Duration::from_mins(1),
        "h" => Duration::from_hours(1),
        _ => return None,
    };
    let count = count.parse().ok()?;
    Some(Rate { count, per })
}
