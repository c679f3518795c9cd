//! Times and durations as text.

use js_sys::{Array, Date, Intl, Object, Reflect};
use latchkey_client::wall_clock;
use wasm_bindgen::JsValue;

/// A duration in milliseconds as text: the largest unit that is not zero, and the next smaller unit
/// if that is not zero either.
pub fn countdown(millis: u64) -> String {
    let seconds = millis / 1000;
    let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
    if days > 0 {
        two_units(days, "d", hours % 24, "h")
    } else if hours > 0 {
        two_units(hours, "h", minutes % 60, "min")
    } else if minutes > 0 {
        two_units(minutes, "min", seconds % 60, "s")
    } else {
        format!("{seconds} s")
    }
}

fn two_units(large: u64, unit: &str, small: u64, sub_unit: &str) -> String {
    if small == 0 {
        format!("{large} {unit}")
    } else {
        format!("{large} {unit} {small} {sub_unit}")
    }
}

/// A time relative to `now` in words: `3 minutes ago`, `in 2 days`. Both are in seconds since 1970.
pub fn relative(seconds: u64, now: u64) -> String {
    let distance = seconds.abs_diff(now);
    let (amount, unit) = match distance {
        0..60 => return "just now".to_owned(),
        60..3_600 => (distance / 60, "minute"),
        3_600..86_400 => (distance / 3_600, "hour"),
        86_400..2_592_000 => (distance / 86_400, "day"),
        2_592_000..31_536_000 => (distance / 2_592_000, "month"),
        _ => (distance / 31_536_000, "year"),
    };
    let plural = if amount == 1 { "" } else { "s" };
    if seconds > now {
        format!("in {amount} {unit}{plural}")
    } else {
        format!("{amount} {unit}{plural} ago")
    }
}

/// A date and time, from seconds since 1970, in the locale of the browser.
pub fn date_time(seconds: u64) -> String {
    format(
        &to_date(seconds.saturating_mul(1000)),
        &[("dateStyle", "long"), ("timeStyle", "short")],
    )
}

/// A date in UTC, from seconds since 1970, in the locale of the browser.
pub fn date(seconds: u64) -> String {
    let millis = seconds.saturating_mul(1000);
    format(
        &to_date(millis),
        &[("dateStyle", "medium"), ("timeZone", "UTC")],
    )
}

/// A time in seconds since 1970 as ISO 8601, for the attribute `datetime`, which programs read.
pub fn iso(seconds: u64) -> String {
    to_date(seconds.saturating_mul(1000)).to_iso_string().into()
}

/// The current time of day, to the second, in the locale of the browser.
pub fn time_of_day() -> String {
    format(&to_date(wall_clock()), &[("timeStyle", "medium")])
}

fn to_date(millis: u64) -> Date {
    #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
    let millis = millis as f64;
    Date::new(&JsValue::from_f64(millis))
}

fn format(date: &Date, styles: &[(&str, &str)]) -> String {
    let options = Object::new();
    for (name, style) in styles {
        let _ = Reflect::set(&options, &(*name).into(), &(*style).into());
    }
    // An empty list of locales selects the browser's locale.
    let format = Intl::DateTimeFormat::new(&Array::new(), &options);
    let text = format.format().call1(&JsValue::UNDEFINED, date);
    text.ok()
        .and_then(|text| text.as_string())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{countdown, relative};

    #[test]
    fn relative_time_has_one_unit_and_a_direction() {
        let now = 100_000_000;
        for (seconds, text) in [
            (now, "just now"),
            (now - 59, "just now"),
            (now - 60, "1 minute ago"),
            (now - 3_599, "59 minutes ago"),
            (now - 7_200, "2 hours ago"),
            (now - 86_400, "1 day ago"),
            (now - 86_400 * 29, "29 days ago"),
            (now - 86_400 * 61, "2 months ago"),
            (now - 86_400 * 400, "1 year ago"),
            (now + 59, "just now"),
            (now + 3_700, "in 1 hour"),
            (now + 86_400 * 30, "in 1 month"),
        ] {
            assert_eq!(relative(seconds, now), text);
        }
    }

    #[test]
    fn countdown_shows_the_largest_unit_and_the_next_smaller_one() {
        let cases = [
            (0, "0 s"),
            (999, "0 s"),
            (59_999, "59 s"),
            (60_000, "1 min"),
            (598_000, "9 min 58 s"),
            (3_600_000, "1 h"),
            (7_500_000, "2 h 5 min"),
            (86_400_000, "1 d"),
            (86_700_000, "1 d"),
            (2_588_400_000, "29 d 23 h"),
        ];
        for (millis, text) in cases {
            assert_eq!(countdown(millis), text, "{millis}");
        }
    }
}
