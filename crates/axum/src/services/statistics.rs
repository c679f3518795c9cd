//! Numbers for the overview: counts by hour, and how many users and sessions there are.

use core::time::Duration;
use std::time::Instant;

use latchkey_core::{HourCounts, Rng, Timestamp, rng};
use latchkey_store::{Population, Store, StoreError};
use tokio::sync::Mutex;

/// How long the numbers of users and sessions are cached.
const POPULATION_TTL: Duration = Duration::from_mins(1);
const HOUR_SECS: u64 = 3600;

/// The beginning of the hour that contains this time.
pub(crate) fn hour_of(at: Timestamp) -> Timestamp {
    Timestamp::from_secs(at.as_secs() / HOUR_SECS * HOUR_SECS)
}

/// The counts of this server that are stored by hour.
#[derive(Debug)]
pub struct Statistics {
    /// Identifies this server's rows, so that servers do not overwrite each other's.
    server: u64,
    current: Mutex<Current>,
    population: Mutex<Option<(Instant, Population)>>,
}

#[derive(Debug, Default)]
struct Current {
    hour: Timestamp,
    /// What happened in this hour so far.
    counts: HourCounts,
    /// The totals since the start, as of the last time that the counts were stored.
    seen: HourCounts,
}

impl Statistics {
    /// Counts from zero, under a random server number.
    pub fn new(rng: &dyn Rng) -> Self {
        Self {
            server: u64::from_be_bytes(rng::bytes(rng)),
            current: Mutex::default(),
            population: Mutex::default(),
        }
    }

    /// Stores what happened since the last call. `totals` is what happened since the start.
    ///
    /// # Errors
    ///
    /// Returns an error if the store fails. Nothing is lost then: the next call stores the counts.
    pub async fn flush(
        &self,
        store: &dyn Store,
        totals: HourCounts,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut current = self.current.lock().await;
        let added = totals.combined(current.seen, u64::saturating_sub);
        if added == HourCounts::default() {
            return Ok(());
        }
        let hour = hour_of(now);
        let before = if hour == current.hour {
            current.counts
        } else {
            HourCounts::default()
        };
        let counts = before.combined(added, u64::saturating_add);
        store.put_hour(hour, self.server, counts).await?;
        *current = Current {
            hour,
            counts,
            seen: totals,
        };
        Ok(())
    }

    /// What happened in the hours that begin at `since` or later, on each server. Includes what
    /// happened on this server but is not stored yet, as a separate entry. `totals` is what
    /// happened on this server since its start.
    ///
    /// # Errors
    ///
    /// Returns an error if the store fails.
    pub async fn hours(
        &self,
        store: &dyn Store,
        totals: HourCounts,
        since: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<(Timestamp, HourCounts)>, StoreError> {
        // Nothing is stored while this reads, so nothing is counted twice.
        let current = self.current.lock().await;
        let mut hours = store.hours(since).await?;
        let added = totals.combined(current.seen, u64::saturating_sub);
        hours.push((hour_of(now), added));
        Ok(hours)
    }

    /// The numbers of users and live sessions. They may be up to a minute old.
    ///
    /// # Errors
    ///
    /// Returns an error if the store fails.
    pub async fn population(
        &self,
        store: &dyn Store,
        now: Timestamp,
    ) -> Result<Population, StoreError> {
        let mut known = self.population.lock().await;
        if let Some((at, population)) = *known
            && at.elapsed() < POPULATION_TTL
        {
            return Ok(population);
        }
        let population = store.population(now).await?;
        *known = Some((Instant::now(), population));
        Ok(population)
    }
}

#[cfg(test)]
mod tests {
    use latchkey_store::{MemoryStore, Statistics as _};
    use latchkey_tokens::SystemRng;

    use super::*;

    #[tokio::test]
    async fn counts_of_an_hour_add_up() {
        let store = MemoryStore::empty();
        let statistics = Statistics::new(&SystemRng);
        let refreshes = |refreshes| HourCounts {
            refreshes,
            ..HourCounts::default()
        };
        let start = Timestamp::from_secs(1_800_000_000);
        let hour = Duration::from_hours(1);
        for (total, at) in [
            (3, start),
            (5, start.plus(hour / 2)),
            (5, start.plus(hour)),
            (9, start.plus(hour)),
        ] {
            let flushed = statistics.flush(&store, refreshes(total), at);
            flushed.await.expect("stored");
        }
        let expected = [(start, refreshes(5)), (start.plus(hour), refreshes(4))];
        assert_eq!(store.hours(start).await, Ok(expected.to_vec()));
        // After a restart, the server has another number.
        let restarted = Statistics::new(&SystemRng);
        let flushed = restarted.flush(&store, refreshes(1), start);
        flushed.await.expect("stored");
        let hours = store.hours(start).await.expect("read");
        let total: u64 = hours.iter().map(|(_, counts)| counts.refreshes).sum();
        assert_eq!(total, 10);
    }
}
