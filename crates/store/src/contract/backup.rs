//! Export from one store and import into another: nothing is lost, nothing is added.

use core::time::Duration;

use latchkey_core::{
    AuditKind, EndReason, RecordClass, Requester, SealedSigningKey, SigningAlgorithm, StoreId,
};

use super::fixtures::{NOW, StorePair, device, refresh, rotate, session, user};
use super::{flows, local_accounts};
use crate::backup::Record;
use crate::error::StoreError;
use crate::request::{CreateOutcome, DeleteOutcome, EndSession};
use crate::store::Store;

pub(super) async fn round_trip(stores: &StorePair, other: &dyn Store) {
    let store = &*stores[0];
    fill(store).await;
    let records = export(store).await;
    assert_eq!(other.begin_import().await, Ok(true));
    // The store cannot be used during the import.
    assert_eq!(other.id().await, Err(StoreError::ImportIncomplete));
    let fresh = StoreId::from_bytes([1; 16]);
    assert_eq!(
        other.identify(fresh, NOW).await,
        Err(StoreError::ImportIncomplete)
    );
    let is_operator_act = |record: &Record| match record {
        Record::Audit(record) => record.class() == RecordClass::OperatorActs,
        _ => false,
    };
    assert!(records.iter().any(is_operator_act), "{records:?}");
    let is_deletion = |record: &Record| matches!(record, Record::Deletion { .. });
    assert!(records.iter().any(is_deletion), "{records:?}");
    for some in records.chunks(7) {
        other.import(some.to_vec()).await.expect("imported");
    }
    other.finish_import().await.expect("finished");
    assert_eq!(other.identify(fresh, NOW).await, Ok(fresh));
    assert_eq!(sorted(export(other).await), sorted(records));

    // The indexes are rebuilt.
    let ada = user(other, 1).await;
    assert_eq!(Ok(Some(ada.clone())), store.user(ada.id).await);
    let live = other.live_sessions(ada.id, NOW).await;
    assert_eq!(store.live_sessions(ada.id, NOW).await, live);
    assert_eq!(live.expect("read").len(), 1);
    assert_eq!(store.live_denials(NOW).await, other.live_denials(NOW).await);
    let one = store.audit_events(ada.id, None, 100, NOW).await;
    assert_eq!(one, other.audit_events(ada.id, None, 100, NOW).await);
    assert_eq!(store.swept_until().await, other.swept_until().await);
    // The import schedules every expiry: a late sweep leaves only records without an expiry.
    let far = NOW.plus(Duration::from_hours(200 * 24));
    while other.sweep(far, 100).await.expect("swept") > 0 {}
    let left = export(other).await;
    let stays = |record: &Record| {
        matches!(
            record,
            Record::User(_)
                | Record::Credential { .. }
                | Record::SigningKey(_)
                | Record::SweptUntil(_)
                | Record::Audit(_)
                | Record::Deletion { .. }
        )
    };
    assert!(left.iter().all(stays), "{left:?}");
}

pub(super) async fn only_into_an_empty_store(store: &dyn Store) {
    user(store, 1).await;
    assert_eq!(store.begin_import().await, Ok(false));
    let fresh = StoreId::from_bytes([1; 16]);
    assert_eq!(
        store.identify(fresh, NOW).await,
        Ok(fresh),
        "the store was changed"
    );
}

/// Adds at least one record of every kind, except `EveryoneEnded` and the obsolete `LoginFlow`.
async fn fill(store: &dyn Store) {
    let (ada, bob) = (user(store, 1).await, user(store, 2).await);
    store
        .identify(StoreId::from_bytes([9; 16]), NOW)
        .await
        .expect("an id");
    for number in 1..=2 {
        let finished = store.finish_login_flow(flows::id(number), NOW).await;
        assert_eq!(finished, Ok(true));
    }
    let created = store
        .create_local_user(local_accounts::local(8, "eve"))
        .await;
    assert_eq!(created, Ok(CreateOutcome::Created));
    let ended = session(store, &ada, 1).await;
    let live = session(store, &ada, 2).await;
    session(store, &bob, 3).await;
    for generation in 0..6 {
        rotate(store, refresh(&live, generation, Some(1))).await;
    }
    let carl = user(store, 3).await;
    let last = session(store, &carl, 4).await;
    let deleted = store.delete_user(carl.id, last.id, NOW).await;
    assert!(matches!(deleted, Ok(DeleteOutcome::Deleted(_))));
    let end = EndSession {
        session: ended.id,
        owner: None,
        reason: EndReason::SignedOut,
        device: device("192.0.2.1"),
        actor: None,
        note: None,
        now: NOW,
    };
    store.end_session(end).await.expect("ended");
    let ban = store
        .ban_user(bob.id, "spam".into(), None, Requester::default(), NOW)
        .await;
    ban.expect("banned");
    for (kid, after) in [("one", None), ("two", Some("one".to_owned()))] {
        let key = SealedSigningKey {
            kid: kid.into(),
            algorithm: SigningAlgorithm::EdDSA,
            sealed: "c2VhbGVk".into(),
            created_at: NOW,
            signs_from: NOW,
            verifies_until: None,
        };
        let retire_at = NOW.plus(Duration::from_hours(30 * 24));
        assert_eq!(store.add_signing_key(key, after, retire_at).await, Ok(true));
    }
    // A sweep stores its time.
    let swept = store.sweep(NOW.plus(Duration::from_mins(10)), 100).await;
    assert_eq!(swept, Ok(2), "two finished flows");
    // Finished flows are not backed up.
    let finished = store.finish_login_flow(flows::id(3), flows::END).await;
    assert_eq!(finished, Ok(true));
    let events = store.audit_events(ada.id, None, 100, NOW).await;
    let kinds: Vec<_> = events
        .expect("read")
        .iter()
        .map(|(_, it)| it.kind)
        .collect();
    assert!(kinds.contains(&AuditKind::SignedOut), "{kinds:?}");
}

/// Sorts the records. Audit records with the same time can be in a different order after an import,
/// because their keys are derived from their content, and a deletion changes only the content.
fn sorted(mut records: Vec<Record>) -> Vec<Record> {
    records.sort_by_cached_key(|record| format!("{record:?}"));
    records
}

async fn export(store: &dyn Store) -> Vec<Record> {
    let mut records = Vec::new();
    let mut from = None;
    loop {
        let (page, next) = store.export(from).await.expect("exported");
        records.extend(page);
        if next.is_none() {
            return records;
        }
        from = next;
    }
}
