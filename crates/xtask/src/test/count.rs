//! Counts tests by parsing the output of the test runners.

use std::ops::AddAssign;

/// The number of tests by result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Count {
    /// Tests that passed.
    pub(crate) passed: u32,
    /// Tests that failed.
    pub(crate) failed: u32,
    /// Tests that were skipped.
    pub(crate) skipped: u32,
}

impl Count {
    /// Adds the counts of a line of `cargo test`: `test result: ok. 3 passed; 0 failed; 1 ignored; …`.
    pub(crate) fn add_cargo_line(&mut self, line: &str) {
        let Some((_, counts)) = line.split_once("test result: ") else {
            return;
        };
        let counts = counts.split_once(". ").map_or(counts, |(_, rest)| rest);
        for count in counts.split(';') {
            self.add_count(count);
        }
    }

    /// Adds the count of a line of Playwright's summary: `  12 passed (34.5s)`.
    pub(crate) fn add_playwright_line(&mut self, line: &str) {
        if line.starts_with("  ") {
            self.add_count(line);
        }
    }

    /// Parses `3 passed`, possibly followed by other text.
    fn add_count(&mut self, text: &str) {
        let mut words = text.split_whitespace();
        let Some(number) = words.next().and_then(|word| word.parse::<u32>().ok()) else {
            return;
        };
        match words.next() {
            // A flaky test passed on a retry. Playwright counts it separately.
            Some("passed" | "flaky") => self.passed += number,
            Some("failed") => self.failed += number,
            Some("ignored" | "skipped") => self.skipped += number,
            _ => {}
        }
    }
}

impl AddAssign for Count {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_in_cargo_output_are_added_up() {
        let mut count = Count::default();
        count.add_cargo_line("running 3 tests");
        count.add_cargo_line(
        "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 2 filtered out; finished in 0.01s",
    );
        count.add_cargo_line("test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured");
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
    fn counts_in_playwright_output_are_added_up() {
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
            count.add_playwright_line(line);
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
}
