//! The closing lines of the runners, as they print them.

use super::*;

#[test]
fn lines_of_cargo_are_added_up() {
    let mut count = Count::default();
    count.see_cargo("running 3 tests");
    count.see_cargo(
        "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 2 filtered out; finished in 0.01s",
    );
    count.see_cargo("test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured");
    assert_eq!(
        count,
        Count {
            passed: 4,
            failed: 2,
            skipped: 1
        }
    );
}

#[test]
fn lines_of_playwright_are_added_up() {
    let mut count = Count::default();
    for line in [
        "  ✓  1 [chromium] › sign-in.spec.ts:3:1 › signs in (1.2s)",
        "  1 failed",
        "    [chromium] › a.spec.ts:1:1 › 3 passed",
        "  2 skipped",
        "  1 flaky",
        "  12 passed (34.5s)",
        "12 passed elsewhere",
    ] {
        count.see_playwright(line);
    }
    assert_eq!(
        count,
        Count {
            passed: 13,
            failed: 1,
            skipped: 2
        }
    );
}
