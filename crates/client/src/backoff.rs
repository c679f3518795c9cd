//! How long to wait before the next try.

/// The longest wait between two tries, in milliseconds.
const LONGEST: u32 = 30_000;

/// Milliseconds to wait before try number `attempt` (from zero): one second, doubled each time,
/// spread by `jitter` (from 0 to 1) so that many tabs do not come back at once; never shorter
/// than `at_least` seconds.
pub(crate) fn delay(attempt: u32, at_least: u32, jitter: f64) -> u32 {
    let base = 1_000_u32.saturating_mul(1 << attempt.min(10)).min(LONGEST);
    let spread = f64::from(base) * (0.75 + jitter.clamp(0.0, 1.0) / 2.0);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 750 and 37,500"
    )]
    let spread = spread as u32;
    spread.max(at_least.saturating_mul(1_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_up_to_half_a_minute() {
        let waits: Vec<_> = (0..7).map(|attempt| delay(attempt, 0, 0.5)).collect();
        assert_eq!(waits, [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
        assert_eq!(delay(u32::MAX, 0, 0.5), 30_000);
    }

    #[test]
    fn jitter_spreads_it_by_a_quarter_each_way() {
        assert_eq!(delay(0, 0, 0.0), 750);
        assert_eq!(delay(0, 0, 1.0), 1_250);
        assert_eq!(delay(0, 0, 7.0), 1_250);
    }

    #[test]
    fn retry_after_is_respected() {
        assert_eq!(delay(0, 60, 0.5), 60_000);
        assert_eq!(delay(9, 1, 0.5), 30_000);
    }
}
