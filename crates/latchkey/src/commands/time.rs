//! Times on the command line.

use anyhow::{Context as _, bail};
use latchkey_axum::SystemClock;
use latchkey_core::{Clock as _, Timestamp};

use crate::config::parse_duration;

/// Parses a time in the future, given as a duration from now or in the format of RFC 3339. The result
/// is in seconds since 1970.
pub(super) fn future(text: &str) -> anyhow::Result<u64> {
    let now = SystemClock.now();
    let time = match parse_duration(text) {
        Ok(duration) => now.plus(duration),
        Err(_) => rfc_3339(text)?,
    };
    if time <= now {
        bail!("{text:?} is not in the future");
    }
    Ok(time.as_secs())
}

/// Parses a time, given as a duration before now or in the format of RFC 3339. The result is in
/// seconds since 1970.
pub(super) fn past(text: &str) -> anyhow::Result<u64> {
    let time = match parse_duration(text) {
        Ok(duration) => SystemClock.now().minus(duration),
        Err(_) => rfc_3339(text)?,
    };
    Ok(time.as_secs())
}

fn rfc_3339(text: &str) -> anyhow::Result<Timestamp> {
    let time: jiff::Timestamp = text.parse().ok().with_context(|| {
        format!(
            "{text:?} is neither a duration such as \"7d\" nor a time such as \
             \"2027-01-31T12:00:00Z\""
        )
    })?;
    Ok(Timestamp::from_secs(
        u64::try_from(time.as_second()).unwrap_or_default(),
    ))
}

/// Formats a time, in seconds since 1970, as RFC 3339 in UTC.
pub(super) fn utc(seconds: u64) -> String {
    let time = i64::try_from(seconds).ok();
    let time = time.and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
    time.map_or_else(|| seconds.to_string(), |time| time.to_string())
}

#[cfg(test)]
mod tests {
    use super::{future, past, utc};

    #[test]
    fn times_are_durations_or_rfc_3339() {
        assert_eq!(future("2099-01-31T12:00:00Z").ok(), Some(4_073_544_000));
        assert!(future("7d").is_ok());
        for invalid in ["", "tomorrow", "2099-01-31", "1999-01-31T12:00:00Z", "0s"] {
            assert!(future(invalid).is_err(), "{invalid}");
        }
        assert_eq!(past("1970-01-02T00:00:00Z").ok(), Some(86_400));
        assert!(past("7d").ok() < past("1d").ok());
        assert!(past("yesterday").is_err());
        assert_eq!(utc(4_073_544_000), "2099-01-31T12:00:00Z");
        assert_eq!(utc(u64::MAX), u64::MAX.to_string());
    }
}
