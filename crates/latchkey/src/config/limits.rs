//! `[limits]`

use core::num::NonZeroU32;
use core::time::Duration;

use serde::Deserialize;

use super::mistakes::Mistakes;

/// A hundred a second: one client cannot keep a server from others for long, and an office behind one
/// address that signs in at nine does not notice. A sign-in is two, begun and finished.
const DEFAULT: &str = "6000/m";
/// An office of some hundred people behind one address, each with some tabs open, does not notice.
const DEFAULT_CONNECTIONS: u32 = 1000;
/// Half of what is accepted at all: no address can keep the others out.
const MOST_CONNECTIONS: u32 = 10_000;

/// How many live sessions one account has at most, by default: enough for any person's devices.
const DEFAULT_SESSIONS: usize = 100;
/// The most that can be configured: all of them are read when they are listed.
const MOST_SESSIONS: usize = 1000;

/// How often one address and one session may ask for what costs most, and how many connections it
/// may hold (`None`: as much as they like); and how many sessions an account has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LimitsConfig {
    /// `per_address`: sign-ins begun and finished, and texts that are no token of ours, from one
    /// address.
    pub per_address: Option<Rate>,
    /// `per_session`: refreshes and revocations of one session from one address.
    pub per_session: Option<Rate>,
    /// `connections_per_address`: connections that are open from one address at once.
    pub connections_per_address: Option<u32>,
    /// `max_sessions`: live sessions of one account. At a sign-in that would exceed it, the one that
    /// was not used for longest is ended.
    pub max_sessions: usize,
}

/// So many at once; what is used comes back evenly over this time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How many.
    pub count: NonZeroU32,
    /// In what time.
    pub per: Duration,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LimitsSection {
    per_address: Option<String>,
    per_session: Option<String>,
    connections_per_address: Option<toml::Value>,
    max_sessions: Option<toml::Value>,
}

impl LimitsSection {
    pub(super) fn check(self, mistakes: &mut Mistakes) -> Option<LimitsConfig> {
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
        Some(LimitsConfig {
            per_address: per_address?,
            per_session: per_session?,
            connections_per_address: connections?,
            max_sessions: max_sessions?,
        })
    }
}

fn connections(written: Option<toml::Value>) -> Result<Option<u32>, String> {
    let text = match written {
        None => return Ok(Some(DEFAULT_CONNECTIONS)),
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
                 {MOST_CONNECTIONS}; write one such as {DEFAULT_CONNECTIONS} or \"off\""
            )
        })
}

fn max_sessions(written: Option<toml::Value>) -> Result<usize, String> {
    let text = match written {
        None => return Ok(DEFAULT_SESSIONS),
        Some(toml::Value::String(text)) => text,
        Some(other) => other.to_string(),
    };
    let most = text.parse().ok();
    most.filter(|most| (1..=MOST_SESSIONS).contains(most))
        .ok_or_else(|| {
            format!(
                "limits.max_sessions: {text} is not a number from 1 to {MOST_SESSIONS}; write one \
                 such as {DEFAULT_SESSIONS}"
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
