//! Removes audit records that are too old, and the oldest ones if there are too many.
//!
//! No counter of records is stored, because every refresh would have to change it. Each server counts
//! instead: first all records, and afterwards those that were added. It remembers the position of
//! every thousandth record, if the maximum is the default. Records are ordered newest first, and those
//! after the position at which the maximum is reached are removed. Several servers may remove the
//! same records.

use core::time::Duration;
use std::collections::VecDeque;

use latchkey_core::{RecordClass, RecordPosition, Timestamp};
use latchkey_store::{Store, StoreError};

use crate::settings::AuditSettings;

/// How many records are read or removed at once, so that requests are not delayed.
const SLICE: usize = 500;
/// Records younger than this are not counted yet, because a server whose clock is slow or whose
/// commit takes a long time may still add records between them.
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
    /// The positions of records at regular intervals, newest first.
    marks: VecDeque<RecordPosition>,
}

impl Trimmer {
    /// Removes the records whose retention has ended at `now` and, if a class then has more records
    /// than the maximum, its oldest ones. `wall`, the time of the wall clock, decides which records
    /// are counted; it can be later than `now`.
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

/// The position before the newest record that is older than `age` at `now`.
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
                // All older records are removed, so they need not be counted.
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
mod tests;
