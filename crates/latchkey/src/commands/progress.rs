//! How far a long command has come: a bar on a terminal, nothing elsewhere.

use std::io::{IsTerminal as _, Write as _, stderr};
use std::time::{Duration, Instant};

/// How often the bar is drawn at most.
const PERIOD: Duration = Duration::from_millis(100);
const WIDTH: u64 = 30;

/// A bar on standard error.
pub(super) struct Progress {
    verb: &'static str,
    total: Option<u64>,
    shown: bool,
    drawn: Option<Instant>,
    done: u64,
}

impl Progress {
    pub(super) fn begin(verb: &'static str, total: Option<u64>) -> Self {
        Self {
            verb,
            total,
            shown: stderr().is_terminal(),
            drawn: None,
            done: 0,
        }
    }

    pub(super) fn tell(&mut self, done: u64) {
        self.done = done;
        if self.shown && self.drawn.is_none_or(|drawn| drawn.elapsed() >= PERIOD) {
            self.drawn = Some(Instant::now());
            self.draw();
        }
    }

    pub(super) fn end(self) {
        if self.shown {
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
        .map_or(WIDTH, |it| it / total.max(1));
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
    fn shows_how_far_it_has_come() {
        assert!(line("imported", 0, Some(10)).starts_with("░░"));
        let half = line("imported", 5, Some(10));
        assert_eq!(half.matches('█').count(), half.matches('░').count());
        assert!(line("imported", 10, Some(10)).ends_with("imported 10 of 10 records"));
        // Nothing to do is done.
        assert!(line("imported", 0, Some(0)).contains("0 of 0"));
        assert_eq!(line("exported", 3, None), "exported 3 records");
    }
}
