//! Removes audit records that are too old or too many.
//!
//! No counter of records is stored, because every refresh would have to change it. Each server counts
//! instead: at its start all records, and afterwards those that were added. It remembers the
//! position of every thousandth record, and removes what follows the last position that is to be
//! kept. Several servers may remove the same records.

use core::time::Duration;
use std::collections::VecDeque;

use latchkey_core::{RecordClass, RecordPosition, Timestamp};
use latchkey_store::{Store, StoreError};

use crate::settings::AuditSettings;

/// How many records are read or removed at once, so that requests are not delayed.
const SLICE: usize = 500;
/// Records that are younger are counted next time: until then, a server whose clock is slow or whose
/// commit takes long may add records between them.
const SETTLED_AFTER: Duration = Duration::from_mins(1);

/// The counts of one server.
#[derive(Debug, Default)]
pub(super) struct Trimmer([Counted; RecordClass::ALL.len()]);

/// The counted records of a class.
#[derive(Debug, Default)]
struct Counted {
    /// The newest record that was counted.
    newest: Option<RecordPosition>,
    /// How many counted records are newer than the first mark.
    since_mark: usize,
    /// Positions at a fixed distance, newest first.
    marks: VecDeque<RecordPosition>,
}

impl Trimmer {
    /// Removes the records that are older than the retention at `now`, and the oldest ones of each
    /// class in excess of the maximum. `wall` is the wall clock, up to which records exist.
    pub(super) async fn trim(
        &mut self,
        store: &dyn Store,
        settings: &AuditSettings,
        now: Timestamp,
        wall: Timestamp,
    ) -> Result<(), StoreError> {
        for (class, counted) in RecordClass::ALL.into_iter().zip(&mut self.0) {
            let cutoff = before(now, settings.retention_of(class));
            remove(store, class, cutoff).await?;
            counted.forget_after(cutoff);
            let settled = before(wall, SETTLED_AFTER);
            let most = settings.max_records;
            if let Some(last) = counted.count(store, class, settled, most).await? {
                remove(store, class, last).await?;
                counted.forget_after(last);
            }
        }
        Ok(())
    }
}

/// The position before the newest record that is at least this old.
fn before(now: Timestamp, age: Duration) -> RecordPosition {
    let age = u64::try_from(age.as_millis()).unwrap_or(u64::MAX);
    RecordPosition::end_of(Timestamp::from_millis(now.as_millis().saturating_sub(age)))
}

async fn remove(
    store: &dyn Store,
    class: RecordClass,
    after: RecordPosition,
) -> Result<(), StoreError> {
    while store.remove_audit(class, after, SLICE).await? == SLICE {
        tokio::task::yield_now().await;
    }
    Ok(())
}

impl Counted {
    /// Counts the records that were added since the last call, up to `settled`. If there are more
    /// than `most`, returns the position after which records must be removed.
    async fn count(
        &mut self,
        store: &dyn Store,
        class: RecordClass,
        settled: RecordPosition,
        most: usize,
    ) -> Result<Option<RecordPosition>, StoreError> {
        let mut added = Vec::new();
        let mut after = settled;
        'pages: loop {
            let page = store.audit_positions(class, after, SLICE).await?;
            for position in &page {
                if self.newest.is_some_and(|it| position.order() >= it.order()) {
                    break 'pages;
                }
                added.push(*position);
            }
            match page.last() {
                // What follows is removed, so it need not be counted.
                Some(last) if page.len() == SLICE && added.len() <= most => after = *last,
                _ => break,
            }
            tokio::task::yield_now().await;
        }
        // With the default of a million records, a mark for each thousand.
        let distance = (most / 1000).max(1);
        for position in added.iter().rev() {
            self.since_mark += 1;
            if self.since_mark == distance {
                self.marks.push_front(*position);
                self.since_mark = 0;
            }
        }
        self.newest = added.first().copied().or(self.newest);
        let kept_marks = most.saturating_sub(self.since_mark) / distance;
        Ok(self.marks.get(kept_marks).copied())
    }

    fn forget_after(&mut self, last: RecordPosition) {
        self.marks.retain(|it| it.order() < last.order());
    }
}

#[cfg(test)]
mod tests {
    use latchkey_core::{AuditKind, AuditRecord, RecordKind, ServerAct};
    use latchkey_store::{AuditLog as _, AuditQuery, MemoryStore};

    use super::*;

    const DAY: Duration = Duration::from_hours(24);
    const START: Timestamp = Timestamp::from_secs(1_800_000_000);

    fn settings(max_records: usize) -> AuditSettings {
        AuditSettings {
            retention: 90 * DAY,
            refresh_retention: 30 * DAY,
            max_records,
        }
    }

    async fn add(store: &MemoryStore, kind: impl Into<RecordKind>, times: &[Timestamp]) {
        let kind = kind.into();
        let records = times.iter().map(|at| AuditRecord::new(*at, kind.clone()));
        store.record_audit(records.collect()).await.expect("added");
    }

    /// The times of all records of a kind, oldest first.
    async fn left(store: &MemoryStore, kind: impl Into<RecordKind>) -> Vec<Timestamp> {
        let query = AuditQuery {
            kind: Some(kind.into()),
            limit: 100_000,
            ..AuditQuery::default()
        };
        let page = store.audit_records(query).await.expect("read");
        page.records.iter().rev().map(|(it, _)| it.at).collect()
    }

    #[tokio::test]
    async fn old_records_are_removed_and_refreshes_sooner() {
        let store = MemoryStore::empty();
        let days: Vec<_> = (0..100).map(|day| START.plus(day * DAY)).collect();
        add(&store, ServerAct::Refreshed, &days).await;
        add(&store, AuditKind::SignedIn, &days).await;
        let now = START.plus(100 * DAY);
        let mut trimmer = Trimmer::default();
        for _ in 0..2 {
            let trimmed = trimmer.trim(&store, &settings(1000), now, now).await;
            trimmed.expect("trimmed");
            assert_eq!(left(&store, ServerAct::Refreshed).await, days[70..]);
            assert_eq!(left(&store, AuditKind::SignedIn).await, days[10..]);
        }
    }

    #[tokio::test]
    async fn a_retention_of_more_than_the_time_since_1970_removes_nothing() {
        let store = MemoryStore::empty();
        add(&store, AuditKind::SignedIn, &[START]).await;
        let forever = AuditSettings {
            retention: Duration::MAX,
            ..settings(1000)
        };
        let mut trimmer = Trimmer::default();
        let trimmed = trimmer.trim(&store, &forever, START, START.plus(DAY)).await;
        trimmed.expect("trimmed");
        assert_eq!(left(&store, AuditKind::SignedIn).await, [START]);
    }

    /// Whether the records are counted at the start or as they are added.
    #[tokio::test]
    async fn the_oldest_records_in_excess_are_removed_and_those_of_other_classes_stay() {
        let most = 3000;
        for restart in [false, true] {
            let store = MemoryStore::empty();
            add(&store, AuditKind::SignedIn, &[START]).await;
            let mut trimmer = Trimmer::default();
            let mut times = Vec::new();
            for round in 0..7 {
                let minute = START.plus(Duration::from_mins(2 * round));
                let new = (0..777).map(|it| minute.plus(Duration::from_millis(it)));
                let new: Vec<_> = new.collect();
                add(&store, ServerAct::Refreshed, &new).await;
                times.extend(new);
                if restart {
                    trimmer = Trimmer::default();
                }
                let now = minute.plus(Duration::from_mins(2));
                let trimmed = trimmer.trim(&store, &settings(most), now, now).await;
                trimmed.expect("trimmed");
                let left = left(&store, ServerAct::Refreshed).await;
                let expected = times.len().min(most);
                let newest = &times[times.len() - left.len()..];
                assert_eq!(left, newest, "round {round}");
                // One record per distance of marks may be in excess or removed early.
                assert!(left.len().abs_diff(expected) <= 4, "{}", left.len());
            }
            assert_eq!(left(&store, AuditKind::SignedIn).await, [START]);
        }
    }
}
