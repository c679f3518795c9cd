//! Exponential backoff with jitter.

/// The longest delay before jitter, in milliseconds.
const MAX_DELAY: u32 = 30_000;

/// The delay before retry number `attempt` (from zero), in milliseconds: one second, doubled each
/// time, spread by `jitter` (from 0 to 1) so that many tabs do not retry at the same time. Never
/// shorter than `at_least` seconds.
pub(crate) fn delay(attempt: u32, at_least: u32, jitter: f64) -> u32 {
    let base = 1_000_u32
        .saturating_mul(1 << attempt.min(10))
        .min(MAX_DELAY);
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
    fn delay_doubles_up_to_thirty_seconds() {
        let waits: Vec<_> = (0..7).map(|attempt| delay(attempt, 0, 0.5)).collect();
        assert_eq!(waits, [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
        assert_eq!(delay(u32::MAX, 0, 0.5), 30_000);
    }

    #[test]
    fn jitter_changes_the_delay_by_at_most_a_quarter() {
        assert_eq!(delay(0, 0, 0.0), 750);
        assert_eq!(delay(0, 0, 1.0), 1_250);
        assert_eq!(delay(0, 0, 7.0), 1_250);
    }

    #[test]
    fn delay_is_never_shorter_than_retry_after() {
        assert_eq!(delay(0, 60, 0.5), 60_000);
        assert_eq!(delay(9, 1, 0.5), 30_000);
    }
}
