//! `[limits]`

use core::time::Duration;

use latchkey_axum::{Limits, Rate};
use serde::Deserialize;

use super::mistakes::Mistakes;

const DEFAULT: &str = "6000/m";
/// Half of what is accepted at all: no address can keep the others out.
const MOST_CONNECTIONS: u32 = 10_000;

/// The most that can be configured: all of them are read when they are listed.
const MOST_SESSIONS: usize = 1000;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LimitsSection {
    per_address: Option<String>,
    per_session: Option<String>,
    connections_per_address: Option<toml::Value>,
    max_sessions: Option<toml::Value>,
}

impl LimitsSection {
    pub(super) fn check(self, mistakes: &mut Mistakes) -> Option<Limits> {
        let mut rate = |key: &str, written: Option<String>| {
            let text = written.as_deref().unwrap_or(DEFAULT);
            let sentence = || {
                format!(
                    "limits.{key}: {text:?} is not a valid rate; write one such as \"300/m\" \
                     (/s, /m or /h) or \"off\""
                )
            };
            mistakes.take(match text {
                "off" => Ok(None),
                _ => parse(text).map(Some).ok_or_else(sentence),
            })
        };
        let per_address = rate("per_address", self.per_address);
        let per_session = rate("per_session", self.per_session);
        let connections = mistakes.take(connections(self.connections_per_address));
        let max_sessions = mistakes.take(max_sessions(self.max_sessions));
        Some(Limits {
            per_address: per_address?,
            per_session: per_session?,
            connections_per_address: connections?,
            max_sessions: max_sessions?,
        })
    }
}

fn connections(written: Option<toml::Value>) -> Result<Option<u32>, String> {
    let text = match written {
        None => return Ok(Some(Limits::DEFAULT_CONNECTIONS)),
        Some(toml::Value::String(text)) => text,
        Some(other) => other.to_string(),
    };
    if text == "off" {
        return Ok(None);
    }
    let most = text.parse().ok();
    most.filter(|most| (1..=MOST_CONNECTIONS).contains(most))
        .map(Some)
        .ok_or_else(|| {
            format!(
                "limits.connections_per_address: {text} is not a number from 1 to \
                 {MOST_CONNECTIONS}; write one such as {} or \"off\"",
                Limits::DEFAULT_CONNECTIONS
            )
        })
}

fn max_sessions(written: Option<toml::Value>) -> Result<usize, String> {
    let text = match written {
        None => return Ok(Limits::DEFAULT_SESSIONS),
        Some(toml::Value::String(text)) => text,
        Some(other) => other.to_string(),
    };
    let most = text.parse().ok();
    most.filter(|most| (1..=MOST_SESSIONS).contains(most))
        .ok_or_else(|| {
            format!(
                "limits.max_sessions: {text} is not a number from 1 to {MOST_SESSIONS}; write one \
                 such as {}",
                Limits::DEFAULT_SESSIONS
            )
        })
}

fn parse(text: &str) -> Option<Rate> {
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
