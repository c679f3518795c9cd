//! The rhythm of a job.

use core::time::Duration;

use tokio::time::{Interval, MissedTickBehavior, interval};

/// Ticks at this period; a late tick delays those after it.
pub(super) fn every(period: Duration) -> Interval {
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}
