//! The only module that reads the browser's clocks and random numbers.

use web_sys::Window;

/// The window. It always exists where this crate runs.
pub(crate) fn window() -> Option<Window> {
    web_sys::window()
}

/// The system time in milliseconds since 1970.
#[expect(
    clippy::disallowed_methods,
    reason = "the only place that reads the browser's clock"
)]
pub fn wall_clock() -> u64 {
    whole(js_sys::Date::now())
}

/// Milliseconds since the page was opened. Changes of the system time do not affect it.
pub(crate) fn monotonic_clock() -> u64 {
    let performance = window().and_then(|window| window.performance());
    performance.map_or_else(wall_clock, |performance| whole(performance.now()))
}

/// A random number from 0 to 1, for the jitter of delays.
#[expect(
    clippy::disallowed_methods,
    reason = "jitter need not be unpredictable"
)]
pub(crate) fn jitter() -> f64 {
    js_sys::Math::random()
}

/// 128 random bits in hexadecimal, for ids.
pub(crate) fn random_id() -> String {
    use core::fmt::Write as _;

    let mut bytes = [0; 16];
    let crypto = window().and_then(|window| window.crypto().ok());
    if crypto.is_none_or(|crypto| crypto.get_random_values_with_u8_array(&mut bytes).is_err()) {
        // Not reached in current browsers. The id only has to be unique.
        for byte in &mut bytes {
            *byte = whole(jitter() * 256.0).to_le_bytes()[0];
        }
    }
    bytes
        .iter()
        .fold(String::with_capacity(32), |mut id, byte| {
            let _ = write!(id, "{byte:02x}");
            id
        })
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a count of milliseconds, far below 2^53; negative becomes zero"
)]
fn whole(number: f64) -> u64 {
    number as u64
}

/// Milliseconds since an instant of the monotonic clock.
pub(crate) fn since(monotonic: u64) -> u32 {
    let millis = monotonic_clock().saturating_sub(monotonic);
    u32::try_from(millis).unwrap_or(u32::MAX)
}
