//! Statistics over many durations.

use std::time::Duration;

/// The given percentile of sorted durations.
pub(crate) fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    let at = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
    sorted.get(at).copied().unwrap_or_default()
}

/// Formats a duration as `1.2 ms`.
pub(crate) fn millis(duration: Duration) -> String {
    format!("{:.1} ms", duration.as_secs_f64() * 1000.0)
}

/// Prints a row of a table: what was measured, over which store, the median and the longest time.
pub(crate) fn print_row(title: &str, store: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let median = millis(percentile(&times, 50));
    let longest = millis(times.last().copied().unwrap_or_default());
    println!("| {title} | {store} | {median} | {longest} |");
}
