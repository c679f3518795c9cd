//! The table, line by line.

use anyhow::anyhow;

use super::*;

#[test]
fn every_part_has_its_line() {
    let outcomes = [
        Outcome {
            part: "fmt",
            took: Duration::from_millis(412),
            result: Ok(Done::Plainly),
        },
        Outcome {
            part: "unit",
            took: Duration::from_secs(75),
            result: Ok(Done::Counted(Count {
                passed: 120,
                failed: 0,
                skipped: 2,
            })),
        },
        Outcome {
            part: "deny",
            took: Duration::ZERO,
            result: Ok(Done::Skipped("it is not here")),
        },
        Outcome {
            part: "e2e",
            took: Duration::from_secs(9),
            result: Err(anyhow!("no browser")),
        },
    ];
    assert_eq!(
        table(&outcomes),
        "part     result   time     tests\n\
         fmt      ok       0.4 s\n\
         unit     ok       75 s     120 (2 not run)\n\
         deny     SKIPPED  0.0 s    it is not here\n\
         e2e      FAILED   9.0 s\n"
    );
}
