//! `[limits]`

use core::num::NonZeroU32;
use core::time::Duration;

use serde::Deserialize;

use super::mistakes::Mistakes;

/// A hundred a second: one client cannot keep a server from others for long, and an office behind one
/// address that signs in at nine does not notice. A sign-in is two, begun and finished.
const DEFAULT: &str = "6000/m";

/// How often one address and one session may ask for what costs most. `None`: as much as they like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LimitsConfig {
    /// `per_address`: sign-ins begun and finished, and texts that are no token of ours, from one
    /// address.
    pub per_address: Option<Rate>,
    /// `per_session`: refreshes and revocations of one session from one address.
    pub per_session: Option<Rate>,
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
}

impl LimitsSection {
    pub(super) fn check(self, mistakes: &mut Mistakes) -> Option<LimitsConfig> {
        let mut rate = |key: &str, written: Option<String>| {
            let text = written.as_deref().unwrap_or(DEFAULT);
            let sentence = || {
                format!(
                    "limits.{key}: {text:?} is no rate; write one such as \"300/m\" (/s, /m or /h) \
                     or \"off\""
                )
            };
            mistakes.take(match text {
                "off" => Ok(None),
                _ => parse(text).map(Some).ok_or_else(sentence),
            })
        };
        let per_address = rate("per_address", self.per_address);
        let per_session = rate("per_session", self.per_session);
        Some(LimitsConfig {
            per_address: per_address?,
            per_session: per_session?,
        })
    }
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
