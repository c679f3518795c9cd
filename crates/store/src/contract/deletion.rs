//! Deleting a user: whatever happens concurrently, nothing remains but the denial, and audit records
//! without addresses and devices.

use core::time::Duration;

use latchkey_core::{
    AuditEvent, AuditKind, Denial, DenialReason, Denied, Timestamp, TokenId, UserId,
};
use tokio::task::JoinSet;

use super::fixtures::{
    NOW, StorePair, device, end, new_session, profile, refresh, rotate, session, user,
};
use super::identities::{link_of, session_with_identity};
use crate::backup::Record;
use crate::request::{DeleteOutcome, OpenOutcome};
use crate::store::Store;

/// When a deletion that began at [`NOW`] is complete.
pub(super) const LATER: Timestamp = Timestamp::from_secs(1_800_000_360);

/// The exported records that contain this user's id.
async fn records_about(store: &dyn Store, user: UserId) -> Vec<Record> {
    let (mut found, mut from) = (Vec::new(), None);
    loop {
        let (page, next) = store.export(from).await.expect("exported");
        let about = |it: &Record| {
            let text = serde_json::to_string(it).expect("JSON");
            text.contains(&user.to_string())
        };
        found.extend(page.into_iter().filter(about));
        if next.is_none() {
            return found;
        }
        from = next;
    }
}

/// The denial, and the audit log without addresses and devices, may contain the user's id.
pub(super) async fn assert_only_allowed(store: &dyn Store, user: UserId) {
    let left = records_about(store, user).await;
    let is_allowed = |it: &Record| match it {
        Record::Denial(it) => it.denied == Denied::User(user),
        Record::Audit(it) => it.device.address.is_none() && it.device.user_agent.is_none(),
        _ => false,
    };
    assert!(left.iter().all(is_allowed), "{left:?}");
    let denials = left.iter().filter(|it| matches!(it, Record::Denial(_)));
    assert_eq!(denials.count(), 1);
}

pub(super) async fn check(store: &dyn Store) {
    let (ada, bob) = (user(store, 1).await, user(store, 2).await);
    let nobody = UserId::from_bytes([99; 16]);
    let one = session(store, &ada, 1).await;
    let unknown = store.delete_user(nobody, one.id, NOW).await;
    assert_eq!(unknown, Ok(DeleteOutcome::UnknownUser));
    store
        .link_identity(link_of(&one, "work"))
        .await
        .expect("linked");
    // More sessions than fit into one batch; some have ended.
    for number in 2..=210 {
        let new = session_with_identity(&ada, number, u32::from(number % 2));
        store.open_session(new).await.expect("opened");
        if number % 3 == 0 {
            let id = new_session(&ada, number, None).session.id;
            store.end_session(end(id)).await.expect("ended");
        }
    }
    let bobs = session(store, &bob, 211).await;
    // The session that requests the deletion must be live and belong to the user.
    for requesting in [bobs.id, new_session(&ada, 3, None).session.id] {
        let refused = store.delete_user(ada.id, requesting, NOW).await;
        assert_eq!(refused, Ok(DeleteOutcome::SessionEnded));
    }
    let live = store.live_sessions(ada.id, NOW).await.expect("read").len();

    let deleted = store.delete_user(ada.id, one.id, NOW).await;
    let Ok(DeleteOutcome::Deleted(ended)) = deleted else {
        panic!("{deleted:?}");
    };
    assert_eq!(ended.live, live);
    let [denial] = &ended.denials[..] else {
        panic!("{ended:?}");
    };
    assert_eq!(denial.denied, Denied::User(ada.id));
    let cutoff = denial.cutoff.expect("a cutoff");
    assert!(cutoff.ends(one.id, one.cutoffs.user));
    assert_eq!(
        store.finish_deletions(10, NOW, &mut Vec::new()).await,
        Ok(0)
    );
    assert_eq!(
        store.finish_deletions(10, LATER, &mut Vec::new()).await,
        Ok(1)
    );
    assert_only_allowed(store, ada.id).await;
    assert_eq!(store.user(ada.id).await, Ok(None));
    assert_eq!(store.session(one.id).await, Ok(None));
    assert_eq!(store.rotate(refresh(&one, 0, None)).await, Ok(None));
    let late = store.open_session(new_session(&ada, 212, None)).await;
    assert_eq!(late, Ok(OpenOutcome::UnknownUser));
    for email in ["user-1@example.com", "work@example.com"] {
        let found = store.users_by_email(email.into()).await;
        assert_eq!(found, Ok(Vec::new()), "{email}");
    }
    // A token that was issued before the deletion is revoked.
    let denial = Denial {
        denied: Denied::Token(TokenId::from_bytes([1; 16])),
        reason: DenialReason::Revoked,
        at: NOW,
        until: NOW.plus(Duration::from_mins(1)),
        cutoff: None,
        note: None,
    };
    let event = AuditEvent {
        at: NOW,
        kind: AuditKind::Revoked,
        user: ada.id,
        session: Some(one.id),
        device: device("192.0.2.4"),
        actor: None,
        other_address: None,
    };
    store.revoke_token(denial, event).await.expect("revoked");
    let events = store.audit_events(ada.id, None, 10, NOW).await;
    assert_eq!(events, Ok(Vec::new()), "an event after the deletion");
    // Deleting again changes nothing. Others are not affected.
    let again = store.delete_user(ada.id, one.id, NOW).await;
    assert_eq!(again, Ok(DeleteOutcome::UnknownUser));
    assert_eq!(
        store.finish_deletions(10, LATER, &mut Vec::new()).await,
        Ok(0),
        "it is complete"
    );
    rotate(store, refresh(&bobs, 0, None)).await;
    // The identities are free, and the new user has none of the old records.
    for (number, subject) in [(60, "user-1"), (61, "work")] {
        let fresh = UserId::from_bytes([number; 16]);
        let created = store.upsert_identity(profile(subject), fresh, NOW).await;
        let created = created.expect("created");
        assert_eq!(created.id, fresh);
        session(store, &created, number + 160).await;
    }
    // A banned user is not deleted: signing in again would evade the ban.
    let ban = store
        .ban_user(bob.id, "spam".into(), None, <_>::default(), NOW)
        .await;
    ban.expect("banned");
    let refused = store.delete_user(bob.id, bobs.id, NOW).await;
    assert_eq!(refused, Ok(DeleteOutcome::Banned));
    assert!(store.user(bob.id).await.expect("read").is_some());
}

/// Only the allowed records remain, even if sign-ins, refreshes, sign-outs and a second deletion
/// happen concurrently at both servers.
pub(super) async fn against_everything(stores: StorePair) {
    for round in 0..10_u8 {
        let ada = user(&*stores[0], 1 + round).await;
        let mut sessions = Vec::new();
        for number in 0..8 {
            sessions.push(session(&*stores[0], &ada, 40 + round * 20 + number).await);
        }
        let mut tasks = JoinSet::new();
        for (number, session) in (0_u8..).zip(sessions) {
            let (store, ada) = (stores[usize::from(number % 2)].clone(), ada.clone());
            tasks.spawn(async move {
                match number {
                    3 | 4 => {
                        let id = session.id;
                        store.delete_user(ada.id, id, NOW).await.expect("deleted");
                    }
                    5 => {
                        store.end_session(end(session.id)).await.expect("ended");
                    }
                    6 | 7 => {
                        let new = new_session(&ada, 40 + round * 20 + 10 + number, None);
                        store.open_session(new).await.expect("a result");
                    }
                    _ => {
                        store.rotate(refresh(&session, 0, None)).await.expect("ok");
                    }
                }
            });
        }
        tasks.join_all().await;
        for store in &stores {
            store
                .finish_deletions(10, LATER, &mut Vec::new())
                .await
                .expect("finished");
        }
        assert_only_allowed(&*stores[1], ada.id).await;
        let live = stores[0].live_sessions(ada.id, NOW).await.expect("read");
        assert!(live.is_empty());
    }
}
