//! The progress bar of long commands. It is only drawn on a terminal.

use std::io::{IsTerminal as _, Write as _, stderr};
use std::time::{Duration, Instant};

/// The shortest time between two updates of the bar.
const MIN_REDRAW_INTERVAL: Duration = Duration::from_millis(100);
/// The width of the bar, in characters.
const WIDTH: u64 = 30;

/// A progress bar on standard error.
pub(super) struct Progress {
    verb: &'static str,
    total: Option<u64>,
    visible: bool,
    last_drawn: Option<Instant>,
    done: u64,
}

impl Progress {
    pub(super) fn start(verb: &'static str, total: Option<u64>) -> Self {
        Self {
            verb,
            total,
            visible: stderr().is_terminal(),
            last_drawn: None,
            done: 0,
        }
    }

    pub(super) fn update(&mut self, done: u64) {
        self.done = done;
        let is_due = |drawn: Instant| drawn.elapsed() >= MIN_REDRAW_INTERVAL;
        if self.visible && self.last_drawn.is_none_or(is_due) {
            self.last_drawn = Some(Instant::now());
            self.draw();
        }
    }

    pub(super) fn finish(self) {
        if self.visible {
            self.draw();
            drop(writeln!(stderr()));
        }
    }

    fn draw(&self) {
        let text = line(self.verb, self.done, self.total);
        drop(write!(stderr(), "\r{text}"));
    }
}

fn line(verb: &str, done: u64, total: Option<u64>) -> String {
    let Some(total) = total else {
        return format!("{verb} {done} records");
    };
    let filled = done
        .checked_mul(WIDTH)
        .map_or(WIDTH, |scaled| scaled / total.max(1));
    let filled = filled.min(WIDTH);
    let (full, empty) = (
        "█".repeat(to_usize(filled)),
        "░".repeat(to_usize(WIDTH - filled)),
    );
    format!("{full}{empty} {verb} {done} of {total} records")
}

fn to_usize(number: u64) -> usize {
    usize::try_from(number).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::line;

    #[test]
    fn bar_shows_the_share_of_records_that_are_done() {
        assert!(line("imported", 0, Some(10)).starts_with("░░"));
        let half = line("imported", 5, Some(10));
        assert_eq!(half.matches('█').count(), half.matches('░').count());
        assert!(line("imported", 10, Some(10)).ends_with("imported 10 of 10 records"));
        // A total of zero causes no division by zero.
        assert!(line("imported", 0, Some(0)).contains("0 of 0"));
        assert_eq!(line("exported", 3, None), "exported 3 records");
    }
}
