//! Durations such as `90s`, `10m`, `12h`, `14d` or `500ms`.

use core::fmt;
use core::time::Duration;

use serde::{Deserialize, Deserializer, de};

/// The units and their length in milliseconds, longest first.
const UNITS: [(&str, u64); 5] = [
    ("d", 24 * 60 * 60 * 1000),
    ("h", 60 * 60 * 1000),
    ("m", 60 * 1000),
    ("s", 1000),
    ("ms", 1),
];

/// A duration in the configuration. It is displayed in the same syntax, in the longest unit that
/// divides it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct HumanDuration(pub(super) Duration);

pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    let digits = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let invalid = || {
        format!("{text:?} is not a valid duration; use a value such as \"90s\", \"10m\" or \"14d\"")
    };
    let number: u64 = number.parse().map_err(|_| invalid())?;
    let (_, millis) = UNITS
        .into_iter()
        .find(|(name, _)| *name == unit)
        .ok_or_else(invalid)?;
    number
        .checked_mul(millis)
        .map(Duration::from_millis)
        .ok_or_else(invalid)
}

impl fmt::Display for HumanDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let total = self.0.as_millis();
        for (unit, millis) in UNITS {
            let millis = u128::from(millis);
            if total >= millis && total.is_multiple_of(millis) {
                return write!(f, "{}{unit}", total / millis);
            }
        }
        f.write_str("0s")
    }
}

impl<'de> Deserialize<'de> for HumanDuration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        parse(&text).map(Self).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_displayed_in_the_longest_unit_that_divides_it() {
        for (text, displayed) in [
            ("172800s", "2d"),
            ("36h", "36h"),
            ("60m", "1h"),
            ("90s", "90s"),
            ("1500ms", "1500ms"),
            ("0d", "0s"),
        ] {
            let duration = HumanDuration(parse(text).expect("a valid duration"));
            assert_eq!(duration.to_string(), displayed, "{text}");
            assert_eq!(parse(displayed), Ok(duration.0), "{text}");
        }
    }
}
