//! Time in words.

use js_sys::{Array, Date, Intl, Object, Reflect};
use latchkey_client::wall_clock;
use wasm_bindgen::JsValue;

/// What is left, in milliseconds, as a person reads it: the two largest units that are not zero.
pub(crate) fn countdown(millis: u64) -> String {
    let seconds = millis / 1000;
    let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
    if days > 0 {
        two(days, "d", hours % 24, "h")
    } else if hours > 0 {
        two(hours, "h", minutes % 60, "min")
    } else if minutes > 0 {
        two(minutes, "min", seconds % 60, "s")
    } else {
        format!("{seconds} s")
    }
}

fn two(large: u64, unit: &str, small: u64, sub_unit: &str) -> String {
    if small == 0 {
        format!("{large} {unit}")
    } else {
        format!("{large} {unit} {small} {sub_unit}")
    }
}

/// A moment given in seconds since 1970, as this browser's owner writes dates.
pub(crate) fn moment(seconds: u64) -> String {
    format(
        &date(seconds.saturating_mul(1000)),
        &[("dateStyle", "long"), ("timeStyle", "short")],
    )
}

/// The time of day by this browser's clock, to the second.
pub(crate) fn time_of_day() -> String {
    format(&date(wall_clock()), &[("timeStyle", "medium")])
}

fn date(millis: u64) -> Date {
    #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
    let millis = millis as f64;
    Date::new(&JsValue::from_f64(millis))
}

fn format(date: &Date, styles: &[(&str, &str)]) -> String {
    let options = Object::new();
    for (name, style) in styles {
        let _ = Reflect::set(&options, &(*name).into(), &(*style).into());
    }
    // No locale named: the browser's own.
    let format = Intl::DateTimeFormat::new(&Array::new(), &options);
    let text = format.format().call1(&JsValue::UNDEFINED, date);
    text.ok()
        .and_then(|text| text.as_string())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::countdown;

    #[test]
    fn the_two_largest_units_that_say_something() {
        let cases = [
            (0, "0 s"),
            (999, "0 s"),
            (59_999, "59 s"),
            (60_000, "1 min"),
            (598_000, "9 min 58 s"),
            (3_600_000, "1 h"),
            (7_500_000, "2 h 5 min"),
            (86_400_000, "1 d"),
            (2_588_400_000, "29 d 23 h"),
        ];
        for (millis, words) in cases {
            assert_eq!(countdown(millis), words, "{millis}");
        }
    }
}
