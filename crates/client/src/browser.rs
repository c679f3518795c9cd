//! Clocks and randomness of the browser: the one place that reads them.

use web_sys::Window;

/// The window. There is always one where this crate runs.
pub(crate) fn window() -> Option<Window> {
    web_sys::window()
}

/// Milliseconds since 1970, by the system's clock.
#[expect(
    clippy::disallowed_methods,
    reason = "this is where the browser's clock is read"
)]
pub fn wall_clock() -> u64 {
    whole(js_sys::Date::now())
}

/// Milliseconds since the page was opened; no jump of the system's clock moves it.
pub(crate) fn monotonic_clock() -> u64 {
    let performance = window().and_then(|window| window.performance());
    performance.map_or_else(wall_clock, |performance| whole(performance.now()))
}

/// A number from 0 to 1, for spreading waits.
#[expect(
    clippy::disallowed_methods,
    reason = "good enough to spread waits, and no secret"
)]
pub(crate) fn jitter() -> f64 {
    js_sys::Math::random()
}

/// 128 unpredictable bits, as text.
pub(crate) fn random_key() -> String {
    use core::fmt::Write as _;

    let mut bytes = [0; 16];
    let crypto = window().and_then(|window| window.crypto().ok());
    if crypto.is_none_or(|crypto| crypto.get_random_values_with_u8_array(&mut bytes).is_err()) {
        // No browser in use comes here. The key must differ between refreshes, no more.
        for byte in &mut bytes {
            *byte = whole(jitter() * 256.0).to_le_bytes()[0];
        }
    }
    bytes
        .iter()
        .fold(String::with_capacity(32), |mut key, byte| {
            let _ = write!(key, "{byte:02x}");
            key
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

/// Milliseconds since a moment of the monotonic clock.
pub(crate) fn since(monotonic: u64) -> u32 {
    let millis = monotonic_clock().saturating_sub(monotonic);
    u32::try_from(millis).unwrap_or(u32::MAX)
}
