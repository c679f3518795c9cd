//! The operations that concern no single user, and the audit log.

use super::super::fake_database::FakeDatabase;
use super::Costs;
use super::MANY;
use super::denials;
use crate::backup::Record;
use crate::contract::fixtures::{NOW, device, user};
use crate::remote::Optimistic;
use crate::request::{AuditQuery, LiftOutcome};
use crate::store::{
    Audit as _, AuditLog as _, Backup as _, Denials as _, Maintenance as _, SigningKeys as _,
    Statistics as _,
};
use core::time::Duration;
use latchkey_core::{
    Actor, AuditEvent, AuditKind, AuditRecord, Denial, DenialNote, DenialReason, Denied,
    HourCounts, RecordClass, RecordPosition, Requester, SealedSigningKey, ServerAct,
    SigningAlgorithm, TokenId, User,
};
use std::sync::atomic::Ordering;

pub(super) async fn others(store: &Optimistic<FakeDatabase>, costs: &mut Costs) {
    let ada = user(store, 1).await;
    costs.reset();
    store.deny(denials(0)).await.expect("denied");
    costs.record("deny", "60 denials");
    let denial = Denial {
        denied: Denied::Token(TokenId::from_bytes([1; 16])),
        ..denials(0).remove(0)
    };
    let event = AuditEvent {
        at: NOW,
        kind: AuditKind::Revoked,
        user: ada.id,
        session: None,
        device: device("192.0.2.4"),
        actor: None,
        other_address: None,
    };
    store
        .revoke_token(denial, event.clone())
        .await
        .expect("revoked");
    costs.record("revoke_token", "");
    let mut denial = denials(0).remove(0);
    denial.denied = Denied::Token(TokenId::from_bytes([2; 16]));
    denial.reason = DenialReason::EndedByOperator;
    denial.note = Some(Box::new(DenialNote {
        by: Actor::Application,
        reason: "copied".into(),
        user: ada.id,
        lifted: None,
    }));
    let denied = denial.denied;
    let added = store.add_denial(denial, event).await;
    assert!(added.expect("added").is_some());
    costs.record("add_denial", "");
    let lifted = store.lift_denial(denied, Requester::default(), NOW).await;
    assert!(matches!(lifted, Ok(LiftOutcome::Lifted(_))));
    costs.record("lift_denial", "");
    let page = store.denials(None, 10).await.expect("read");
    assert_eq!(page.0.len(), 10);
    costs.record("denials", "a page");
    store.live_denials(NOW).await.expect("read");
    costs.record("live_denials", "up to 10,000");
    let events = store.audit_events(ada.id, None, 10, NOW).await;
    assert!(!events.expect("read").is_empty());
    costs.record("audit_events", "a page");
    audit_log(store, costs, &ada).await;
    let key = SealedSigningKey {
        kid: "one".into(),
        algorithm: SigningAlgorithm::EdDSA,
        sealed: "c2VhbGVk".into(),
        created_at: NOW,
        signs_from: NOW,
        verifies_until: None,
    };
    assert_eq!(store.add_signing_key(key, None, NOW).await, Ok(true));
    costs.record("add_signing_key", "");
    store.signing_keys().await.expect("read");
    costs.record("signing_keys", "");
    assert_eq!(store.sweep(NOW, 500).await, Ok(0));
    costs.record("sweep", "nothing is due");
    let later = NOW.plus(Duration::from_hours(1));
    assert!(store.sweep(later, 500).await.expect("swept") > usize::from(MANY));
    costs.record("sweep", "up to 500 records");
    store.swept_until().await.expect("read");
    costs.record("swept_until", "");
    let (records, next) = store.export(None).await.expect("exported");
    assert!(matches!(records[0], Record::Session { .. }));
    costs.record("export", "a page of sessions");
    let (_, mut next) = store.export(next).await.expect("exported");
    costs.record("export", "a page of any other table");
    loop {
        let (records, following) = store.export(next).await.expect("exported");
        if records.iter().any(|it| matches!(it, Record::User(_))) {
            break;
        }
        costs.reset();
        next = following;
    }
    costs.record("export", "a page of users");
    store.begin_import().await.expect("a result");
    costs.record("begin_import", "the store is not empty");
    let records = denials(100).into_iter().map(Record::Denial).collect();
    store.import(records).await.expect("imported");
    costs.record("import", "60 denials");
    store.finish_import().await.expect("finished");
    costs.record("finish_import", "");
    crate::store::Maintenance::health(store)
        .await
        .expect("healthy");
    costs.record("health", "");
    let conflicts = costs.database.0.conflicts.load(Ordering::Relaxed);
    assert_eq!(conflicts, 0, "there are no concurrent operations");
}

async fn audit_log(store: &Optimistic<FakeDatabase>, costs: &mut Costs, user: &User) {
    let record = AuditRecord {
        user: Some(user.id),
        ..AuditRecord::new(NOW, ServerAct::SignInRefused)
    };
    let records = vec![record; 60];
    store.record_audit(records).await.expect("recorded");
    costs.record("record_audit", "60 records");
    let query = AuditQuery {
        limit: 50,
        ..AuditQuery::default()
    };
    let page = store.audit_records(query.clone()).await.expect("read");
    assert_eq!(page.records.len(), 50);
    costs.record("audit_records", "a page");
    let of_user = AuditQuery {
        user: Some(user.id),
        ..query
    };
    let page = store.audit_records(of_user).await.expect("read");
    assert!(!page.records.is_empty());
    costs.record("audit_records", "a page of one user");
    let newest = RecordPosition::end_of(NOW.plus(Duration::from_secs(1)));
    let class = RecordClass::UserActs;
    let positions = store
        .audit_positions(class, newest, 50)
        .await
        .expect("read");
    assert_eq!(positions.len(), 50);
    costs.record("audit_positions", "up to 500");
    let removed = store
        .remove_audit(class, newest, 500)
        .await
        .expect("removed");
    assert!(removed >= 50, "{removed}");
    costs.record("remove_audit", "up to 500 records");
    let counts = HourCounts::default();
    store.put_hour(NOW, 1, counts).await.expect("stored");
    costs.record("put_hour", "");
    assert_eq!(store.hours(NOW).await, Ok(vec![(NOW, counts)]));
    costs.record("hours", "");
    let population = store.population(NOW).await.expect("counted");
    assert!(population.users > 0);
    costs.record("population", "");
}
