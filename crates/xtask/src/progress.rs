//! Progress messages.

use std::time::{Duration, Instant};

use anyhow::Result;

/// Prints what is being done, does it, and prints how long it took.
pub(crate) fn step<T>(what: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    println!("==> {what}");
    let start = Instant::now();
    let result = work()?;
    println!("    done in {}", seconds(start.elapsed()));
    Ok(result)
}

/// Prints a note.
pub(crate) fn note(what: &str) {
    println!("    {what}");
}

/// A duration for display: `0.4 s`, `75 s`.
pub(crate) fn seconds(duration: Duration) -> String {
    if duration < Duration::from_secs(10) {
        format!("{:.1} s", duration.as_secs_f64())
    } else {
        format!("{:.0} s", duration.as_secs_f64())
    }
}
