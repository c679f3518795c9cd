//! The value of an input of type `datetime-local`, which is a local time without a time zone.

use js_sys::Date;
use wasm_bindgen::JsValue;

/// A time in seconds since 1970; `None` if the value is not a time.
pub(crate) fn to_seconds(value: &str) -> Option<u64> {
    let millis = Date::parse(value);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked to be in the range"
    )]
    let seconds = (millis / 1000.0) as u64;
    (millis >= 0.0 && millis.is_finite()).then_some(seconds)
}

/// The value of the input for a time in seconds since 1970, to the minute; empty if the text is not a
/// number.
pub(crate) fn from_seconds(seconds: &str) -> String {
    let Ok(seconds) = seconds.parse::<u32>() else {
        return String::new();
    };
    let date = Date::new(&JsValue::from_f64(f64::from(seconds) * 1000.0));
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}",
        date.get_full_year(),
        date.get_month() + 1,
        date.get_date(),
        date.get_hours(),
        date.get_minutes()
    )
}
