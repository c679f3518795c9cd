//! The table at the end.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::Result;

use super::count::Count;
use crate::progress;

/// How one part ended.
pub(crate) struct Outcome {
    /// The part's name.
    pub(crate) part: &'static str,
    /// How long it took.
    pub(crate) took: Duration,
    /// The tests it ran where they are counted, or what went wrong.
    pub(crate) result: Result<Option<Count>>,
}

/// Part, result, time and tests, a line each.
pub(crate) fn table(outcomes: &[Outcome]) -> String {
    let mut text = String::from("part     result   time     tests\n");
    for outcome in outcomes {
        let result = if outcome.result.is_ok() {
            "ok"
        } else {
            "FAILED"
        };
        let took = progress::seconds(outcome.took);
        let tests = outcome.result.as_ref().ok().copied().flatten();
        let tests = tests.map(describe).unwrap_or_default();
        let line = format!("{:<8} {result:<8} {took:<8} {tests}", outcome.part);
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}

fn describe(count: Count) -> String {
    let mut text = count.passed.to_string();
    if count.skipped > 0 {
        let _ = write!(text, " ({} not run)", count.skipped);
    }
    text
}

#[cfg(test)]
mod tests;
