//! `[limits]`

use core::num::NonZeroU32;
use core::time::Duration;

use serde::Deserialize;

use super::mistakes::Mistakes;

/// A tenth of the sign-ins that one server over sled can do on two cores (docs/performance.md), a
/// fiftieth of the refreshes: one client cannot take all of it, and a company behind one address
/// that signs in at nine does not notice.
const DEFAULT: &str = "6000/m";

/// How much of `/auth/*` one address and one session may use. `None`: as much as they like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LimitsConfig {
    /// `per_address`: sign-ins begun and finished, and requests whose token is not good, from one
    /// address.
    pub per_address: Option<Rate>,
    /// `per_session`: refreshes of one session.
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
        let mut rate = |key: &str, written: Option<String>, default: &str| {
            let text = written.as_deref().unwrap_or(default);
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
        let per_address = rate("per_address", self.per_address, DEFAULT);
        let per_session = rate("per_session", self.per_session, DEFAULT);
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
