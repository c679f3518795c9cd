//! The interval at which a job runs, and the span of each run.

use core::time::Duration;

use tokio::time::{Interval, MissedTickBehavior, interval};
use tracing::Span;

/// An interval of this period. A late tick delays the ticks after it.
pub(super) fn every(period: Duration) -> Interval {
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

/// The span of one run, so that each line in the log names its job.
pub(super) fn span(job: &'static str) -> Span {
    tracing::error_span!(target: "latchkey::jobs", "job", job)
}
