//! SECURITY 70: security events are stored together with the changes they describe, listed newest
//! first, and bounded in number and in age.

use core::time::Duration;

use latchkey_core::audit::{DEDUP_WINDOW, KEPT_EVENTS, RETENTION};
use latchkey_core::rotation::{Decision, REUSE_LEEWAY};
use latchkey_core::session::Thumbprint;
use latchkey_core::{
    Actor, AuditEvent, AuditKind, AuditPosition, Denial, DenialReason, Denied, EndReason,
    Requester, SessionId, TokenId, UserId,
};

use super::fixtures::{NOW, device, refresh, rotate, session, session_with, user};
use crate::request::{EndSession, EndSessions, Rotate};
use crate::store::Store;

/// Events of sign-ins and refused tokens.
pub(super) async fn sign_ins_and_refusals(store: &dyn Store) {
    use AuditKind as Kind;
    let ada = user(store, 1).await;
    let one = session(store, &ada, 1).await;
    let first = all(store, ada.id).await;
    let recorded = (first[0].kind, first[0].session);
    assert_eq!(recorded, (Kind::SignedIn, Some(one.id)));
    assert_eq!(first[0].device.address.as_deref(), Some("192.0.2.1"));
    assert_eq!(first[0].device.user_agent.as_deref(), Some("Browser/1"));

    // A refresh records no event.
    rotate(store, refresh(&one, 0, None)).await;
    let late = Rotate {
        now: NOW.plus(REUSE_LEEWAY),
        ..refresh(&one, 0, None)
    };
    let replay = rotate(store, late).await;
    assert!(matches!(replay.decision, Decision::Replayed(_)));
    let replayed = all(store, ada.id).await.remove(0);
    let recorded = (replayed.kind, replayed.session);
    assert_eq!(recorded, (Kind::Replayed, Some(one.id)));
    assert_eq!(
        replayed.device,
        device("192.0.2.9"),
        "the device that presented the token"
    );
    let other = replayed.other_address.as_deref();
    assert_eq!(other, Some("192.0.2.1"), "the address of the sign-in");

    // Repeated attempts without the DPoP key record one event per window.
    let bound = session_with(store, &ada, 2, Some(Thumbprint([1; 32]))).await;
    for _ in 0..5 {
        let stolen = rotate(store, refresh(&bound, 0, None)).await;
        assert_eq!(stolen.decision, Decision::ProofMissing);
    }
    let again = Rotate {
        now: NOW.plus(DEDUP_WINDOW),
        ..refresh(&bound, 0, None)
    };
    rotate(store, again).await;
    let expected = [
        Kind::ProofMissing,
        Kind::Replayed,
        Kind::ProofMissing,
        Kind::SignedIn,
        Kind::SignedIn,
    ];
    assert_eq!(kinds(store, ada.id).await, expected);
}

/// Events of ended sessions, revoked tokens and bans.
pub(super) async fn ends(store: &dyn Store) {
    use AuditKind as Kind;
    let (ada, bob) = (user(store, 1).await, user(store, 2).await);
    let bobs = session(store, &bob, 9).await;
    let one = session(store, &ada, 1).await;
    let end = EndSession {
        session: one.id,
        owner: None,
        reason: EndReason::EndedRemotely,
        device: device("192.0.2.3"),
        actor: None,
        note: None,
        now: NOW,
    };
    for _ in 0..2 {
        store.end_session(end.clone()).await.expect("ended");
    }
    let many = |keep| EndSessions {
        user: ada.id,
        keep,
        reason: EndReason::EndedAll,
        device: device("192.0.2.3"),
        actor: None,
        note: None,
        now: NOW,
    };
    // If no session is ended, no event is recorded.
    store.end_sessions_of(many(None)).await.expect("ended");
    let kept = session(store, &ada, 3).await;
    let but_one = store.end_sessions_of(many(Some(kept.id))).await;
    but_one.expect("ended");
    store.end_sessions_of(many(None)).await.expect("ended");
    revocation(store, ada.id, kept.id).await;
    session(store, &ada, 4).await;
    store.end_everyone(operator(), NOW).await.expect("ended");
    for shard in 0..=u8::MAX {
        store.end_sessions_in_shard(shard).await.expect("updated");
    }
    let ban = store
        .ban_user(ada.id, "spam".into(), None, operator(), NOW)
        .await;
    ban.expect("banned");
    store
        .unban_user(ada.id, operator(), NOW)
        .await
        .expect("unbanned");

    let expected = [
        Kind::Unbanned,
        Kind::Banned,
        Kind::EndedByOperator,
        Kind::SignedIn,
        Kind::Revoked,
        Kind::EndedAll,
        Kind::SignedIn,
        Kind::EndedRemotely,
        Kind::SignedIn,
    ];
    assert_eq!(kinds(store, ada.id).await, expected);
    let events = all(store, ada.id).await;
    let by_operator = &events[..3];
    assert!(by_operator.iter().all(|e| e.device == <_>::default()));
    assert!(by_operator.iter().all(|e| e.actor.is_none()));
    // Each user has only their own events.
    let bobs_events = all(store, bob.id).await;
    assert_eq!(bobs_events.len(), 2);
    assert!(bobs_events.iter().all(|it| it.session == Some(bobs.id)));
}

/// An operator and their device, which no user may see.
fn operator() -> Requester {
    Requester {
        actor: Some(Actor::CommandLine),
        device: device("192.0.2.99"),
    }
}

/// Repeated revocations of a token record one event.
async fn revocation(store: &dyn Store, user: UserId, session: SessionId) {
    let denial = Denial {
        denied: Denied::Token(TokenId::from_bytes([1; 16])),
        reason: DenialReason::Revoked,
        at: NOW,
        until: NOW.plus(Duration::from_mins(1)),
        cutoff: None,
        note: None,
    };
    let revoked = AuditEvent {
        at: NOW,
        kind: AuditKind::Revoked,
        user,
        session: Some(session),
        device: device("192.0.2.4"),
        actor: None,
        other_address: None,
    };
    for _ in 0..3 {
        let done = store.revoke_token(denial.clone(), revoked.clone()).await;
        done.expect("revoked");
    }
    let live = store.live_denials(NOW).await.expect("read");
    assert!(live.contains(&denial), "{live:?}");
}

pub(super) async fn bounds(store: &dyn Store) {
    let ada = user(store, 1).await;
    let at = |number: u64| NOW.plus(Duration::from_secs(number));
    let ban = |now| store.ban_user(ada.id, "again".into(), None, Requester::default(), now);
    let total = KEPT_EVENTS as u64 + 10;
    for number in 0..total {
        ban(at(number)).await.expect("banned");
    }
    let times: Vec<_> = all(store, ada.id).await.iter().map(|e| e.at).collect();
    let newest: Vec<_> = (10..total).rev().map(at).collect();
    assert_eq!(times, newest, "the newest events, newest first");

    // Paging returns the same events.
    let mut paged = Vec::new();
    let mut before = None;
    loop {
        let page = store.audit_events(ada.id, before, 7, at(total)).await;
        let page = page.expect("read");
        assert!(page.len() <= 7);
        let Some((position, _)) = page.last() else {
            break;
        };
        before = Some(*position);
        paged.extend(page.iter().map(|(_, event)| event.at));
    }
    assert_eq!(paged, newest);
    let start = AuditPosition { at: NOW, nth: 0 };
    let none = store.audit_events(ada.id, Some(start), 7, NOW).await;
    assert_eq!(none, Ok(Vec::new()));

    // Several events in one millisecond are distinct.
    let bob = user(store, 2).await;
    for _ in 0..3 {
        store
            .ban_user(bob.id, "x".into(), None, Requester::default(), NOW)
            .await
            .expect("banned");
    }
    assert_eq!(all(store, bob.id).await.len(), 3);

    // Events that are too old are not returned, and a sweep removes them.
    let old = at(20).plus(RETENTION);
    let left = store.audit_events(ada.id, None, usize::MAX, old).await;
    assert_eq!(left.expect("read").len(), KEPT_EVENTS - 11);
    while store.sweep(old, 100).await.expect("swept") > 0 {}
    assert_eq!(all(store, ada.id).await.len(), KEPT_EVENTS - 11);
    let far = at(total).plus(RETENTION);
    while store.sweep(far, 100).await.expect("swept") > 0 {}
    assert!(all(store, ada.id).await.is_empty());
}

/// All stored events of a user.
async fn all(store: &dyn Store, user: UserId) -> Vec<AuditEvent> {
    let events = store.audit_events(user, None, usize::MAX, NOW).await;
    let events = events.expect("read");
    events.into_iter().map(|(_, event)| event).collect()
}

async fn kinds(store: &dyn Store, user: UserId) -> Vec<AuditKind> {
    let events = all(store, user).await;
    events.iter().map(|event| event.kind).collect()
}
