//! The interval at which a job runs.

use core::time::Duration;

use tokio::time::{Interval, MissedTickBehavior, interval};

/// An interval of this period. A late tick delays the ticks after it.
pub(super) fn every(period: Duration) -> Interval {
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}
