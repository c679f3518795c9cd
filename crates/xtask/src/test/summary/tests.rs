//! The table, line by line.

use anyhow::anyhow;

use super::*;

#[test]
fn every_part_has_its_line() {
    let outcomes = [
        Outcome {
            part: "fmt",
            took: Duration::from_millis(412),
            result: Ok(None),
        },
        Outcome {
            part: "unit",
            took: Duration::from_secs(75),
            result: Ok(Some(Count {
                passed: 120,
                failed: 0,
                skipped: 2,
            })),
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
         e2e      FAILED   9.0 s\n"
    );
}
