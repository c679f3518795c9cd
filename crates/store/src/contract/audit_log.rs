//! The audit log: each act is recorded once, queries filter and return pages, and old records can
//! be removed. Also the hourly counts, and the numbers of users and sessions.

use core::time::Duration;

use latchkey_core::rotation::Decision;
use latchkey_core::{
    Actor, AuditKind, AuditRecord, EndReason, HourCounts, RecordClass, RecordKind, RecordOutcome,
    RecordPosition, Requester, ServerAct, Timestamp, UserId,
};

use super::fixtures::{NOW, StorePair, device, end, new_session, refresh, rotate, session, user};
use crate::request::{AuditQuery, EndSession, EndSessions, OpenOutcome};
use crate::store::Store;

const ALL: AuditQuery = AuditQuery {
    user: None,
    kind: None,
    outcome: None,
    after: None,
    until: None,
    before: None,
    limit: 1000,
};

async fn read(store: &dyn Store, query: AuditQuery) -> Vec<AuditRecord> {
    let page = store.audit_records(query).await.expect("read");
    page.records.into_iter().map(|(_, record)| record).collect()
}

/// The names of the kinds of all records, sorted.
async fn kinds(store: &dyn Store, query: AuditQuery) -> Vec<String> {
    let records = read(store, query).await;
    let mut kinds: Vec<_> = records.iter().map(|it| it.kind.to_string()).collect();
    kinds.sort();
    kinds
}

/// Every operation that changes something records the change, the actor and the device.
pub(super) async fn every_act(store: &dyn Store) {
    let (ada, bob) = (user(store, 1).await, user(store, 2).await);
    let mut new = new_session(&ada, 1, None);
    new.request_id = Some("request-1".into());
    let OpenOutcome::Opened(opened) = store.open_session(new).await.expect("opened") else {
        panic!("not opened");
    };
    let one = opened.session;
    rotate(store, refresh(&one, 0, Some(1))).await;
    let again = rotate(store, refresh(&one, 0, Some(1))).await;
    assert!(matches!(again.decision, Decision::Repeated(_)), "{again:?}");
    let requester = Requester {
        actor: Some(Actor::Admin(bob.id)),
        device: device("192.0.2.77"),
    };
    let ended = EndSession {
        reason: EndReason::EndedByOperator,
        actor: requester.actor,
        note: Some("stolen".into()),
        device: requester.device.clone(),
        ..end(one.id)
    };
    store.end_session(ended).await.expect("ended");
    // Bob has no session, but the denylist changes.
    let denied = EndSessions {
        user: bob.id,
        keep: None,
        reason: EndReason::EndedByOperator,
        device: requester.device.clone(),
        actor: requester.actor,
        note: Some("left".into()),
        now: NOW,
    };
    store.end_sessions_of(denied).await.expect("ended");
    let until = Some(NOW.plus(Duration::from_hours(1)));
    let ban = store.ban_user(ada.id, "spam".into(), until, requester.clone(), NOW);
    ban.await.expect("banned");
    let unban = store.unban_user(ada.id, requester.clone(), NOW);
    unban.await.expect("lifted");
    let everyone = store.end_everyone(requester.clone(), NOW);
    everyone.await.expect("ended");

    let expected = [
        "banned",
        "ended_by_operator",
        "ended_by_operator",
        "everyone_ended",
        "refresh_repeated",
        "refreshed",
        "signed_in",
        "unbanned",
    ];
    assert_eq!(kinds(store, ALL.clone()).await, expected);
    let of_ada = AuditQuery {
        user: Some(ada.id),
        ..ALL.clone()
    };
    let mut of_user = expected.to_vec();
    of_user.retain(|kind| *kind != "everyone_ended");
    of_user.dedup();
    assert_eq!(kinds(store, of_ada).await, of_user);

    for record in read(store, ALL.clone()).await {
        assert_eq!(record.outcome, RecordOutcome::Success);
        match record.kind.to_string().as_str() {
            "signed_in" => {
                assert_eq!(record.session, Some(one.id));
                assert_eq!(record.provider.as_deref(), Some("demo"));
                assert_eq!(record.device.request_id.as_deref(), Some("request-1"));
                assert_eq!(record.device.address.as_deref(), Some("192.0.2.1"));
            }
            "refreshed" | "refresh_repeated" => {
                assert_eq!(record.session, Some(one.id));
                assert_eq!(record.device, device("192.0.2.9"));
                assert_eq!(record.actor, None);
            }
            kind => {
                assert_eq!(record.device, requester.device, "{kind}");
                assert_eq!(record.actor, requester.actor, "{kind}");
                let detail = match kind {
                    "banned" => Some("until 2027-01-15T09:00:00Z: spam".to_owned()),
                    "ended_by_operator" if record.user == Some(bob.id) => {
                        Some(format!("user {}: left", bob.id))
                    }
                    "ended_by_operator" => Some(format!("session {}: stolen", one.id)),
                    _ => None,
                };
                assert_eq!(record.detail, detail);
            }
        }
    }
}

fn at(second: u64) -> Timestamp {
    NOW.plus(Duration::from_secs(second))
}

fn record(second: u64, kind: impl Into<RecordKind>, user: u8) -> AuditRecord {
    AuditRecord {
        user: Some(UserId::from_bytes([user; 16])),
        ..AuditRecord::new(at(second), kind)
    }
}

/// 30 records, one each second, of four classes and two users.
fn records() -> Vec<AuditRecord> {
    let record = |second: u64| {
        let user = u8::try_from(second % 2).unwrap_or_default();
        match second % 3 {
            0 if second.is_multiple_of(2) => record(second, AuditKind::SignedIn, user),
            0 => AuditRecord {
                actor: Some(Actor::CommandLine),
                ..record(second, AuditKind::RolesChanged, user)
            },
            1 => record(second, ServerAct::Refreshed, user),
            _ => AuditRecord {
                outcome: RecordOutcome::Refused,
                detail: Some("replayed".into()),
                ..record(second, ServerAct::RefreshRefused, user)
            },
        }
    };
    (0..30).map(record).collect()
}

/// Both servers read all records, in the same order.
pub(super) async fn filters_and_pages([one, two]: StorePair) {
    let all = records();
    let (first, second) = all.split_at(15);
    one.record_audit(first.to_vec()).await.expect("recorded");
    two.record_audit(second.to_vec()).await.expect("recorded");
    // A repetition after a lost response adds nothing.
    two.record_audit(second.to_vec()).await.expect("recorded");
    let kind = |kind: ServerAct| Some(RecordKind::Server(kind));
    let user = Some(UserId::from_bytes([1; 16]));
    let queries = [
        ALL.clone(),
        AuditQuery {
            user,
            ..ALL.clone()
        },
        AuditQuery {
            kind: kind(ServerAct::Refreshed),
            ..ALL.clone()
        },
        AuditQuery {
            kind: kind(ServerAct::RefreshRefused),
            user,
            ..ALL.clone()
        },
        AuditQuery {
            outcome: Some(RecordOutcome::Success),
            ..ALL.clone()
        },
        AuditQuery {
            outcome: Some(RecordOutcome::Refused),
            ..ALL.clone()
        },
        AuditQuery {
            after: Some(at(7)),
            until: Some(at(21)),
            ..ALL.clone()
        },
        AuditQuery {
            kind: kind(ServerAct::KeyRotated),
            ..ALL.clone()
        },
    ];
    for query in queries {
        let selects = |it: &&AuditRecord| {
            query.user.is_none_or(|user| it.user == Some(user))
                && query.kind.as_ref().is_none_or(|kind| it.kind == *kind)
                && query.outcome.is_none_or(|outcome| it.outcome == outcome)
                && query.after.is_none_or(|after| it.at >= after)
                && query.until.is_none_or(|until| it.at < until)
        };
        let expected: Vec<_> = all.iter().rev().filter(selects).cloned().collect();
        for limit in [1, 3, 10, 1000] {
            let mut read = Vec::new();
            let mut before = None;
            loop {
                let query = AuditQuery {
                    before,
                    limit,
                    ..query.clone()
                };
                let page = one.audit_records(query.clone()).await.expect("read");
                assert_eq!(two.audit_records(query).await, Ok(page.clone()));
                assert!(page.records.len() <= limit);
                read.extend(page.records.into_iter().map(|(_, record)| record));
                let Some(next) = page.next else { break };
                before = Some(next);
            }
            assert_eq!(read, expected, "{query:?}, pages of {limit}");
        }
    }
}

/// Removing records of one class does not affect the others.
pub(super) async fn removal(store: &dyn Store) {
    let all = records();
    store.record_audit(all.clone()).await.expect("recorded");
    let class = RecordClass::Refreshes;
    let newest = RecordPosition::end_of(at(100));
    let positions = store.audit_positions(class, newest, 100).await;
    let times: Vec<_> = positions.expect("read").iter().map(|it| it.at).collect();
    let of_class = |it: &&AuditRecord| it.class() == class;
    let expected: Vec<_> = all.iter().rev().filter(of_class).map(|it| it.at).collect();
    assert_eq!(times, expected);

    // Before second 10: the records of the seconds 1, 4 and 7.
    let old = RecordPosition::end_of(at(10));
    for removed in [2, 1, 0] {
        assert_eq!(store.remove_audit(class, old, 2).await, Ok(removed));
    }
    let stays = |it: &&AuditRecord| it.class() != class || it.at >= at(10);
    let expected: Vec<_> = all.iter().rev().filter(stays).cloned().collect();
    assert_eq!(read(store, ALL.clone()).await, expected);
    for user in [0, 1] {
        let user = Some(UserId::from_bytes([user; 16]));
        let expected: Vec<_> = expected.iter().filter(|it| it.user == user).collect();
        let of_user = read(
            store,
            AuditQuery {
                user,
                ..ALL.clone()
            },
        )
        .await;
        assert_eq!(of_user.iter().collect::<Vec<_>>(), expected);
    }
}

/// Servers count separately; old counts are swept.
pub(super) async fn hours([one, two]: StorePair) {
    let counts = |sign_ins| HourCounts {
        sign_ins,
        ..HourCounts::default()
    };
    let hour = |number: u64| at(number * 3600);
    one.put_hour(hour(0), 1, counts(1)).await.expect("stored");
    one.put_hour(hour(1), 1, counts(2)).await.expect("stored");
    one.put_hour(hour(1), 1, counts(3)).await.expect("stored");
    two.put_hour(hour(1), 2, counts(4)).await.expect("stored");
    let recent = [(hour(1), counts(3)), (hour(1), counts(4))];
    assert_eq!(one.hours(hour(1)).await, Ok(recent.to_vec()));
    assert_eq!(two.hours(hour(0)).await.map(|hours| hours.len()), Ok(3));
    let end = hour(1).plus(latchkey_core::audit_record::HOUR_RETENTION);
    while one.sweep(end, 100).await.expect("swept") > 0 {}
    assert_eq!(one.hours(hour(0)).await, Ok(Vec::new()));
}

/// Ended and expired sessions are not live.
pub(super) async fn population(store: &dyn Store) {
    let (ada, bob) = (user(store, 1).await, user(store, 2).await);
    let one = session(store, &ada, 1).await;
    session(store, &bob, 2).await;
    session(store, &bob, 3).await;
    store.end_session(end(one.id)).await.expect("ended");
    let population = store.population(NOW).await.expect("counted");
    assert_eq!((population.users, population.live_sessions), (2, 2));
    assert!(!population.is_estimate);
    let later = store
        .population(at(100 * 24 * 3600))
        .await
        .expect("counted");
    assert_eq!((later.users, later.live_sessions), (2, 0));
}
