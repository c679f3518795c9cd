//! After a deletion, only the denial and the audit log contain the user's id, and no record
//! contains other personal data. The raw keys and values are searched, indexes included.

use core::time::Duration;

use latchkey_core::{
    AuditEvent, AuditKind, Denial, DenialReason, Denied, Device, LinkTarget, SessionId, Timestamp,
    TokenId, User, UserId,
};

use super::{Begun, begin};
use crate::contract::fixtures::{NOW, device, end, new_session, profile, refresh};
use crate::engine::Engine;
use crate::memory::MemoryStore;
use crate::request::{
    DeleteOutcome, EndSessions, LinkIdentity, OpenOutcome, Rotate, UnlinkIdentity,
};
use crate::store::{Denials as _, Maintenance as _, Sessions as _, Users as _};
use crate::table::{DENIALS, EXPIRIES, table_of};

/// When a deletion that began at [`NOW`] is complete.
const LATER: Timestamp = Timestamp::from_secs(1_800_000_360);

/// What identifies Ada: a string that all her subjects, email addresses and names contain, and the
/// IP address of her devices.
const MARKS: [&str; 2] = ["ada-marked", "198.51.100.77"];

/// The printable keys of records that contain the user's id or one of [`MARKS`]. The denial of the
/// user, the entry that schedules its removal, and the audit log may contain the id.
fn traces(store: &MemoryStore, user: UserId) -> Vec<String> {
    let denial = DENIALS.key(&Denied::User(user));
    let text = user.to_string();
    let needles = MARKS.iter().map(|mark| mark.as_bytes());
    let needles: Vec<_> = needles
        .chain([text.as_bytes(), user.as_bytes().as_slice()])
        .collect();
    let found = |bytes: &[u8], needles: &[&[u8]]| {
        let found = |needle: &&[u8]| bytes.windows(needle.len()).any(|it| it == *needle);
        needles.iter().any(found)
    };
    let may_contain_id = |key: &[u8]| {
        let scheduled = EXPIRIES.key_of(key).is_some_and(|(_, it)| it.0 == denial);
        let table = table_of(key).map(|table| table.name);
        key == denial || scheduled || matches!(table, Some("audit_log" | "audit_log_of_user"))
    };
    let is_trace = |key: &[u8], value: &[u8]| {
        let needles = if may_contain_id(key) {
            &needles[..MARKS.len()]
        } else {
            &needles
        };
        found(key, needles) || found(value, needles)
    };
    let pairs = store.pairs().into_iter();
    pairs
        .filter(|(key, value)| is_trace(key, value))
        .map(|(key, _)| crate::table::printable(&key))
        .collect()
}

/// A small generator of reproducible choices.
struct Choices(u64);

impl Choices {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) % limit
    }
}

/// Creates a user, then performs random operations that the user or an attacker can cause.
async fn user_with_random_history(store: &MemoryStore, choices: &mut Choices) -> User {
    let id = UserId::from_bytes([0xAD; 16]);
    let ada = store.upsert_identity(profile("ada-marked"), id, NOW).await;
    let ada = ada.expect("created");
    let mut sessions = Vec::new();
    let mut now = NOW;
    for number in 0..60_u8 {
        now = now.plus(Duration::from_secs(choices.below(30)));
        let device = device("198.51.100.77");
        let some = sessions.get(usize::try_from(choices.below(20)).expect("small"));
        let some: Option<latchkey_core::Session> = some.cloned();
        let act = choices.below(9);
        let Some(session) = some.filter(|_| act > 2) else {
            let mut new = new_session(&ada, number, None);
            new.session.opened_at = now;
            new.origin.address = device.address;
            new.max_sessions = 8;
            let user = store.user(id).await.expect("read").expect("known");
            let all = user.all_identities();
            let nth = usize::try_from(choices.below(all.len() as u64)).expect("small");
            new.session.identity = all[nth].number;
            if let OpenOutcome::Opened(opened) = store.open_session(new).await.expect("opened") {
                sessions.push(opened.session);
            }
            continue;
        };
        match act {
            3 | 4 => {
                // A refresh, or a replay.
                let generation = choices.below(2);
                let request = Rotate {
                    device,
                    now,
                    ..refresh(&session, generation, None)
                };
                store.rotate(request).await.expect("a result");
            }
            5 => {
                store.end_session(end(session.id)).await.expect("ended");
            }
            6 => revoke(store, &session, device, now).await,
            7 => {
                let link = LinkIdentity {
                    target: LinkTarget {
                        user: id,
                        session: session.id,
                    },
                    profile: profile(&format!("ada-marked-{}", choices.below(4))),
                    device,
                    now,
                };
                store.link_identity(link).await.expect("a result");
            }
            _ if choices.below(4) == 0 => {
                let unlink = UnlinkIdentity {
                    user: id,
                    number: u32::try_from(choices.below(4)).expect("small"),
                    session: session.id,
                    device,
                    now,
                };
                store.unlink_identity(unlink).await.expect("a result");
            }
            _ => {
                let all = EndSessions {
                    user: id,
                    keep: Some(session.id),
                    reason: latchkey_core::EndReason::EndedAll,
                    device,
                    actor: None,
                    note: None,
                    now,
                };
                store.end_sessions_of(all).await.expect("ended");
            }
        }
        if choices.below(10) == 0 {
            store.sweep(now, 100).await.expect("swept");
        }
    }
    ada
}

/// Opens a session of this user.
async fn live_session(store: &MemoryStore, user: UserId) -> SessionId {
    let user = store.user(user).await.expect("read").expect("known");
    let mut new = new_session(&user, 255, None);
    new.session.identity = user.all_identities()[0].number;
    match store.open_session(new).await {
        Ok(OpenOutcome::Opened(opened)) => opened.session.id,
        other => panic!("{other:?}"),
    }
}

async fn revoke(
    store: &MemoryStore,
    session: &latchkey_core::Session,
    device: Device,
    now: Timestamp,
) {
    let denial = Denial {
        denied: Denied::Token(TokenId::from_bytes(*session.id.as_bytes())),
        reason: DenialReason::Revoked,
        at: now,
        until: now.plus(Duration::from_mins(1)),
        cutoff: None,
        note: None,
    };
    let event = AuditEvent {
        at: now,
        kind: AuditKind::Revoked,
        user: session.user,
        session: Some(session.id),
        device,
        actor: None,
        other_address: None,
    };
    store.revoke_token(denial, event).await.expect("revoked");
}

#[tokio::test]
async fn deleted_user_leaves_only_the_denial_and_audit_records() {
    for seed in 0..200 {
        let store = MemoryStore::empty();
        let bob = UserId::from_bytes([0xB0; 16]);
        let created = store.upsert_identity(profile("bob"), bob, NOW).await;
        let mut bobs = new_session(&created.expect("created"), 255, None);
        bobs.session.id = SessionId::from_bytes([0xB0; 16]);
        store.open_session(bobs).await.expect("opened");
        let before = store.pairs();

        let ada = user_with_random_history(&store, &mut Choices(seed)).await;
        assert!(traces(&store, ada.id).len() > 5, "seed {seed}");
        let session = live_session(&store, ada.id).await;
        let deleted = store.delete_user(ada.id, session, NOW).await;
        let is_deleted = matches!(deleted, Ok(DeleteOutcome::Deleted(_)));
        assert!(is_deleted, "seed {seed}: {deleted:?}");
        assert_eq!(
            store.finish_deletions(10, LATER, &mut Vec::new()).await,
            Ok(1)
        );
        let left = traces(&store, ada.id);
        assert!(left.is_empty(), "seed {seed}: {left:?}");
        // No record of another user is lost.
        let after = store.pairs();
        assert!(
            before.iter().all(|pair| after.contains(pair)),
            "seed {seed}"
        );
    }
}

/// The server stops after the first change.
#[tokio::test]
async fn interrupted_deletion_is_completed_later() {
    let store = MemoryStore::empty();
    let ada = user_with_random_history(&store, &mut Choices(7)).await;
    let session = live_session(&store, ada.id).await;
    let begun = store.write((ada.id, session), |tx, (id, session)| {
        Box::pin(begin(tx, *id, *session, NOW))
    });
    assert!(matches!(begun.await, Ok(Begun::Denied(_))));
    assert_eq!(store.user(ada.id).await, Ok(None));
    assert!(!traces(&store, ada.id).is_empty());
    let mut denials = Vec::new();
    assert_eq!(store.finish_deletions(10, LATER, &mut denials).await, Ok(1));
    assert_eq!(denials, []);
    let left = traces(&store, ada.id);
    assert!(left.is_empty(), "{left:?}");
    assert_eq!(store.finish_deletions(10, LATER, &mut denials).await, Ok(0));
}

/// The server stops after the first change, and the clock was ahead when a session was opened.
#[tokio::test]
async fn later_attempt_returns_the_denials_of_sessions_opened_with_the_clock_ahead() {
    let store = MemoryStore::empty();
    let id = UserId::from_bytes([0xAD; 16]);
    let ada = store.upsert_identity(profile("ada"), id, NOW).await;
    let ada = ada.expect("created");
    let session = new_session(&ada, 1, None);
    let requesting = session.session.id;
    store.open_session(session).await.expect("opened");
    let mut ahead = new_session(&ada, 2, None);
    ahead.session.access_until = NOW.plus(Duration::from_hours(48));
    let denied = Denied::Session(ahead.session.id);
    store.open_session(ahead).await.expect("opened");
    let begun = store.write((id, requesting), |tx, (id, session)| {
        Box::pin(begin(tx, *id, *session, NOW))
    });
    assert!(matches!(begun.await, Ok(Begun::Denied(_))));
    let mut denials = Vec::new();
    assert_eq!(store.finish_deletions(10, NOW, &mut denials).await, Ok(0));
    let denied_sessions: Vec<_> = denials.iter().map(|it| it.denied).collect();
    assert_eq!(denied_sessions, [denied]);
}
