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
async fn old_records_are_removed_and_those_of_refreshes_sooner() {
    let store = MemoryStore::empty();
    let days: Vec<_> = (0..100).map(|day| START.plus(day * DAY)).collect();
    add(&store, ServerAct::Refreshed, &days).await;
    add(&store, AuditKind::SignedIn, &days).await;
    let now = START.plus(100 * DAY);
    let mut trimmer = Trimmer::default();
    for _ in 0..2 {
        let outcome = trimmer.trim(&store, &settings(1000), now, now).await;
        outcome.expect("trimmed");
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
    let outcome = trimmer.trim(&store, &forever, START, START.plus(DAY)).await;
    outcome.expect("trimmed");
    assert_eq!(left(&store, AuditKind::SignedIn).await, [START]);
}

#[tokio::test]
async fn acts_of_users_and_refusals_do_not_displace_acts_of_operators() {
    let store = MemoryStore::empty();
    let most = 1000;
    add(&store, AuditKind::Banned, &[START]).await;
    add(&store, ServerAct::KeyRotated, &[START]).await;
    let later: Vec<_> = (1..3000)
        .map(|it| START.plus(Duration::from_millis(it)))
        .collect();
    add(&store, AuditKind::SignedOut, &later).await;
    add(&store, ServerAct::SignInRefused, &later).await;
    let now = START.plus(DAY);
    let outcome = Trimmer::default()
        .trim(&store, &settings(most), now, now)
        .await;
    outcome.expect("trimmed");
    assert_eq!(left(&store, AuditKind::Banned).await, [START]);
    assert_eq!(left(&store, ServerAct::KeyRotated).await, [START]);
    // The record at a mark is kept, so there can be one more than the maximum.
    let users = left(&store, AuditKind::SignedOut).await.len();
    let refused = left(&store, ServerAct::SignInRefused).await.len();
    assert!([users, refused].iter().all(|it| it.abs_diff(most) <= 1));
}

/// This holds for a server that has just started, and for one that has already counted records.
#[tokio::test]
async fn the_oldest_records_over_the_maximum_are_removed_and_other_classes_are_unaffected() {
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
            let outcome = trimmer.trim(&store, &settings(most), now, now).await;
            outcome.expect("trimmed");
            let left = left(&store, ServerAct::Refreshed).await;
            let expected = times.len().min(most);
            let newest = &times[times.len() - left.len()..];
            assert_eq!(left, newest, "round {round}");
            // Marks are three records apart, so a few more or fewer records can be left.
            assert!(left.len().abs_diff(expected) <= 4, "{}", left.len());
        }
        assert_eq!(left(&store, AuditKind::SignedIn).await, [START]);
    }
}
