//! Numbers about the whole server, for the overview of the console.

use std::collections::BTreeMap;

use core::time::Duration;
use latchkey_core::{HourCounts, Timestamp};
use latchkey_store::{Population, StoreError};

use crate::services::Services;
use crate::services::statistics::hour_of;

/// How many hours are shown: the last seven days.
const HOURS: u32 = 7 * 24;

/// Numbers about the whole server.
#[derive(Debug)]
pub struct Overview {
    /// Users and live sessions; up to a minute old.
    pub population: Population,
    /// Entries of the denylist.
    pub denials: usize,
    /// What happened in each of the last hours, on all servers, oldest first. The newest is the
    /// current one. What happened on other servers in the last minute may be missing.
    pub hours: Vec<(Timestamp, HourCounts)>,
}

/// Reads the numbers.
pub async fn read(state: &Services) -> Result<Overview, StoreError> {
    let now = state.clock.now();
    let store = &*state.store;
    let population = state.statistics.population(store, now).await?;
    let hour = Duration::from_hours(1);
    let last = hour_of(now);
    let age = (hour * (HOURS - 1)).as_secs();
    let first = Timestamp::from_secs(last.as_secs().saturating_sub(age));
    let starts = (0..HOURS).map(|number| first.plus(hour * number));
    let mut hours: BTreeMap<_, _> = starts.map(|at| (at, HourCounts::default())).collect();
    let totals = state.metrics.totals();
    let counted = state.statistics.hours(store, totals, first, now).await?;
    for (at, counts) in counted {
        // A server whose clock is ahead may have stored a later hour.
        if let Some(total) = hours.get_mut(&at) {
            *total = total.combined(counts, u64::saturating_add);
        }
    }
    Ok(Overview {
        population,
        denials: state.guard.denylist().len(),
        hours: hours.into_iter().collect(),
    })
}
