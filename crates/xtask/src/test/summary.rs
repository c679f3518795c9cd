//! The summary table.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::Result;

use super::count::Count;
use crate::progress;

/// The result of a part that did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Done {
    /// Passed, without a count.
    Passed,
    /// Passed, with the number of tests.
    Counted(Count),
    /// Skipped, with the reason.
    Skipped(&'static str),
}

/// The outcome of one part.
pub(crate) struct Outcome {
    /// The name of the part.
    pub(crate) part: String,
    /// How long it took.
    pub(crate) took: Duration,
    /// The result, or the error.
    pub(crate) result: Result<Done>,
}

/// Formats one line per part: name, result, time and number of tests.
pub(crate) fn table(outcomes: &[Outcome]) -> String {
    let mut text = String::from("part     result   time     tests\n");
    for outcome in outcomes {
        let (result, rest) = match &outcome.result {
            Ok(Done::Passed) => ("ok", String::new()),
            Ok(Done::Counted(count)) => ("ok", describe(*count)),
            Ok(Done::Skipped(why)) => ("SKIPPED", (*why).to_owned()),
            Err(_) => ("FAILED", String::new()),
        };
        let took = progress::seconds(outcome.took);
        let line = format!("{:<8} {result:<8} {took:<8} {rest}", outcome.part);
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}

fn describe(count: Count) -> String {
    let mut text = count.passed.to_string();
    if count.skipped > 0 {
        let _ = write!(text, " ({} skipped)", count.skipped);
    }
    text
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::*;

    #[test]
    fn every_part_has_a_line() {
        let outcomes = [
            Outcome {
                part: "fmt".into(),
                took: Duration::from_millis(412),
                result: Ok(Done::Passed),
            },
            Outcome {
                part: "unit".into(),
                took: Duration::from_secs(75),
                result: Ok(Done::Counted(Count {
                    passed: 120,
                    failed: 0,
                    skipped: 2,
                })),
            },
            Outcome {
                part: "deny".into(),
                took: Duration::ZERO,
                result: Ok(Done::Skipped("not installed")),
            },
            Outcome {
                part: "e2e".into(),
                took: Duration::from_secs(9),
                result: Err(anyhow!("no browser")),
            },
        ];
        assert_eq!(
            table(&outcomes),
            "part     result   time     tests\n\
         fmt      ok       0.4 s\n\
         unit     ok       75 s     120 (2 skipped)\n\
         deny     SKIPPED  0.0 s    not installed\n\
         e2e      FAILED   9.0 s\n"
        );
    }
}
