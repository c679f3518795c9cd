//! Sessions: rotation, expiry, and ending.

use core::time::Duration;

use latchkey_core::rotation::{Decision, REUSE_LEEWAY, Refusal};
use latchkey_core::{AuditKind, Denied, EndReason, Requester, Session, SessionId, User, UserId};

use super::fixtures::{
    self, LIMITS, NOW, device, generation, new_session, refresh, rotate, session, user,
};
use crate::backup::Record;
use crate::request::{EndSession, EndSessions, Ended, OpenOutcome, Rotate, SESSION_RETENTION};
use crate::store::Store;

pub(super) async fn rotation(store: &dyn Store) {
    let user = user(store, 1).await;
    let session = session(store, &user, 1).await;

    let first = rotate(store, refresh(&session, 0, Some(1))).await;
    assert_eq!((generation(&first.decision), &first.user), (Some(1), &user));
    let stored = store
        .session(session.id)
        .await
        .expect("read")
        .expect("known");
    assert_eq!(
        Decision::Rotated(stored),
        first.decision,
        "the returned session is not the stored one"
    );

    let repeated = rotate(store, refresh(&session, 0, Some(1))).await;
    assert_eq!(
        generation(&repeated.decision),
        Some(1),
        "a retry after a lost response does not return the same successor"
    );
    let other_tab = rotate(store, refresh(&session, 0, Some(2))).await;
    assert_eq!(other_tab.decision, Decision::Superseded);

    let late = Rotate {
        now: NOW.plus(REUSE_LEEWAY),
        ..refresh(&session, 0, Some(2))
    };
    let replay = rotate(store, late.clone()).await;
    assert!(
        matches!(replay.decision, Decision::Replayed(_)),
        "{:?}",
        replay.decision
    );
    let denial = replay.denial.expect("a replay adds a denial");
    assert_eq!(denial.denied, Denied::Session(session.id));
    assert!(
        denial.until > NOW.plus(LIMITS.access),
        "the denial expires before the access token"
    );
    assert_eq!(store.live_denials(late.now).await, Ok(vec![denial]));

    let after = rotate(store, refresh(&session, 1, None)).await;
    assert_eq!(
        after.decision,
        Decision::Refused(Refusal::Ended(EndReason::Replayed))
    );
    let unknown = Rotate {
        session: SessionId::from_bytes([99; 16]),
        ..refresh(&session, 0, None)
    };
    assert_eq!(store.rotate(unknown).await, Ok(None));
}

/// A session that expired because a clock was ahead stays expired after the clock is corrected.
pub(super) async fn expiry_is_final(store: &dyn Store) {
    let user = user(store, 1).await;
    for (number, ahead, refusal) in [
        (1, LIMITS.idle, Refusal::Idle),
        (2, Duration::from_hours(72), Refusal::Expired),
    ] {
        let session = session(store, &user, number).await;
        let late = Rotate {
            now: NOW.plus(ahead),
            ..refresh(&session, 0, None)
        };
        let first = rotate(store, late).await.decision;
        assert_eq!(first, Decision::Refused(refusal));
        let second = rotate(store, refresh(&session, 0, None)).await.decision;
        assert_eq!(second, Decision::Refused(Refusal::Idle));
    }
    // A clock that is ahead does not prevent ending a session.
    let third = session(store, &user, 3).await;
    let end = EndSessions {
        user: user.id,
        keep: None,
        reason: EndReason::EndedAll,
        device: device("192.0.2.1"),
        actor: None,
        note: None,
        now: third.absolute_end,
    };
    let all = store.end_sessions_of(end).await.expect("ended");
    let all = all.expect("known");
    // By that clock, no session was usable any more, so no security event is recorded.
    assert_eq!((all.denials.len(), all.live), (1, 0));
    let events = store.audit_events(user.id, None, 100, NOW).await;
    let events = events.expect("read");
    assert!(events.iter().all(|(_, it)| it.kind == AuditKind::SignedIn));
    let refused = rotate(store, refresh(&third, 0, None)).await.decision;
    let ended = Refusal::Ended(EndReason::EndedAll);
    assert_eq!(refused, Decision::Refused(ended));
}

/// Ending a session of another user, an unknown session, or the sessions of an unknown user has no
/// effect.
pub(super) async fn ending_requires_ownership(store: &dyn Store) {
    let (ada, bob) = (user(store, 1).await, user(store, 2).await);
    let session = session(store, &ada, 1).await;
    let end = EndSession {
        session: session.id,
        owner: Some(bob.id),
        reason: EndReason::EndedRemotely,
        device: device("192.0.2.1"),
        actor: None,
        note: None,
        now: NOW,
    };
    assert_eq!(store.end_session(end.clone()).await, Ok(None));
    let unknown = EndSession {
        session: SessionId::from_bytes([99; 16]),
        ..end
    };
    assert_eq!(store.end_session(unknown).await, Ok(None));
    let end = EndSessions {
        user: UserId::from_bytes([99; 16]),
        keep: None,
        reason: EndReason::EndedAll,
        device: device("192.0.2.1"),
        actor: None,
        note: None,
        now: NOW,
    };
    assert_eq!(store.end_sessions_of(end).await, Ok(None));
    let refreshed = rotate(store, refresh(&session, 0, Some(1))).await;
    assert_eq!(
        generation(&refreshed.decision),
        Some(1),
        "the session of another user was ended"
    );
}

pub(super) async fn ending(store: &dyn Store) {
    let (ada, bob) = (user(store, 1).await, user(store, 2).await);
    let one = session(store, &ada, 1).await;
    let two = session(store, &ada, 2).await;
    let bobs = session(store, &bob, 3).await;
    let live = |user, now| async move {
        let mut ids: Vec<_> = store
            .live_sessions(user, now)
            .await
            .expect("read")
            .iter()
            .map(|live| live.session.id)
            .collect();
        ids.sort();
        ids
    };
    assert_eq!(live(ada.id, NOW).await, [one.id, two.id]);
    assert!(
        live(ada.id, one.idle_end).await.is_empty(),
        "an idle session is listed"
    );

    let end = EndSession {
        session: one.id,
        owner: Some(ada.id),
        reason: EndReason::SignedOut,
        device: device("192.0.2.1"),
        actor: None,
        note: None,
        now: NOW,
    };
    let ended = store.end_session(end.clone()).await;
    let ended = ended.expect("ended").expect("known");
    let denied = Denied::Session(one.id);
    assert_eq!((ended.user, ended.denial.denied), (ada.id, denied));
    assert!(ended.was_live);
    let again = EndSession {
        owner: None,
        reason: EndReason::Revoked,
        ..end
    };
    assert_eq!(
        store.end_session(again).await,
        Ok(Some(Ended {
            was_live: false,
            ..ended
        })),
        "ending a session again changed how it had ended"
    );
    assert_eq!(live(ada.id, NOW).await, [two.id]);

    let three = session(store, &ada, 4).await;
    let all = |keep| EndSessions {
        user: ada.id,
        keep,
        reason: EndReason::EndedAll,
        device: device("192.0.2.1"),
        actor: None,
        note: None,
        now: NOW,
    };
    let ended = store.end_sessions_of(all(Some(three.id))).await;
    let ended = ended.expect("ended").expect("known");
    assert_eq!((ended.denials.len(), ended.live), (1, 1));
    assert_eq!(
        live(ada.id, NOW).await,
        [three.id],
        "only the session to keep may be live"
    );
    let ended = store.end_sessions_of(all(None)).await;
    let ended = ended.expect("ended").expect("known");
    assert_eq!((ended.denials.len(), ended.live), (1, 1));
    assert!(live(ada.id, NOW).await.is_empty());
    assert_eq!(live(bob.id, NOW).await, [bobs.id]);

    ending_everyone(store, (&ada, &bob), bobs.id).await;

    let retained_until = one.access_until.plus(SESSION_RETENTION);
    store
        .sweep(retained_until.minus(Duration::from_millis(1)), 100)
        .await
        .expect("swept");
    assert!(
        store.session(one.id).await.expect("read").is_some(),
        "swept too early"
    );
    store.sweep(retained_until, 100).await.expect("swept");
    assert_eq!(store.session(one.id).await, Ok(None));
}

/// SECURITY 54: one change ends all sessions; the records are updated shard by shard. The session
/// `bobs` is live; Ada has none.
async fn ending_everyone(store: &dyn Store, (ada, bob): (&User, &User), bobs: SessionId) {
    let four = session(store, ada, 5).await;
    let denial = store
        .end_everyone(Requester::default(), NOW)
        .await
        .expect("ended");
    assert_eq!(denial.denied, Denied::Everyone);
    assert!(live(store, ada).await.is_empty() && live(store, bob).await.is_empty());
    let five = session(store, ada, 6).await;
    let cutoff = denial.cutoff.expect("a cutoff");
    assert!(cutoff.ends(four.id, four.cutoffs.everyone));
    assert!(!cutoff.ends(five.id, five.cutoffs.everyone));
    let mut ended = Vec::new();
    for shard in 0..=u8::MAX {
        ended.extend(store.end_sessions_in_shard(shard).await.expect("updated"));
    }
    let denied: Vec<_> = ended.iter().map(|e| (e.user, e.denial.denied)).collect();
    assert_eq!(
        denied,
        [
            (bob.id, Denied::Session(bobs)),
            (ada.id, Denied::Session(four.id))
        ]
    );
    assert_eq!(live(store, ada).await, [five.id]);
}

/// The ids of the live sessions of a user.
async fn live(store: &dyn Store, user: &User) -> Vec<SessionId> {
    let sessions = store.live_sessions(user.id, NOW).await.expect("read");
    let mut ids: Vec<_> = sessions.iter().map(|live| live.session.id).collect();
    ids.sort();
    ids
}

/// Live and ended sessions are listed in pages, with their origins.
pub(super) async fn stored(store: &dyn Store) {
    let (ada, bob) = (user(store, 1).await, user(store, 2).await);
    session(store, &bob, 9).await;
    for number in 1..=4 {
        session(store, &ada, number).await;
    }
    for number in [2, 3] {
        let end = fixtures::end(SessionId::from_bytes([number; 16]));
        store.end_session(end).await.expect("ended");
    }
    for limit in [1, 2, 3, 100] {
        let mut found = Vec::new();
        let mut after = None;
        loop {
            let page = store.stored_sessions(ada.id, after, limit).await;
            let page = page.expect("read");
            assert!(page.sessions.len() <= limit);
            found.extend(page.sessions);
            let Some(next) = page.next else { break };
            after = Some(next);
        }
        let found = found.iter().map(|(session, origin)| {
            assert_eq!(origin.address.as_deref(), Some("192.0.2.1"));
            (session.id.as_bytes()[0], session.status.is_live())
        });
        let expected = [(1, true), (2, false), (3, false), (4, true)];
        assert_eq!(found.collect::<Vec<_>>(), expected, "pages of {limit}");
    }
}

/// SECURITY 83: the number of sessions per user is bounded, and ended sessions are swept.
pub(super) async fn bounded(store: &dyn Store) {
    const MAX_SESSIONS: usize = 5;
    const SIGN_INS: u8 = 60;
    let (ada, bob) = (user(store, 1).await, user(store, 2).await);
    let bobs = session(store, &bob, 255).await;
    let mut displaced = Vec::new();
    let at = |number: u8| NOW.plus(Duration::from_secs(number.into()));
    let mut first = None;
    for number in 1..=SIGN_INS {
        let mut new = new_session(&ada, number, None);
        new.session.opened_at = at(number);
        new.session.rotated_at = at(number);
        new.max_sessions = MAX_SESSIONS;
        let Ok(OpenOutcome::Opened(started)) = store.open_session(new).await else {
            panic!("not opened");
        };
        let made_room = usize::from(number) > MAX_SESSIONS;
        assert_eq!(started.displaced.len(), usize::from(made_room));
        for ended in &started.displaced {
            assert!(ended.was_live && ended.user == ada.id);
            displaced.push(ended.denial.clone());
        }
        // The first session is refreshed after each sign-in.
        let kept: &Session = first.get_or_insert(started.session);
        let used = Rotate {
            now: at(number),
            ..refresh(kept, kept.generation, None)
        };
        let Decision::Rotated(next) = rotate(store, used).await.decision else {
            panic!("the most recently used session was ended");
        };
        first = Some(next);
    }
    let live = store.live_sessions(ada.id, at(SIGN_INS)).await;
    let mut live: Vec<_> = live.expect("read").iter().map(|it| it.session.id).collect();
    live.sort();
    let last = SIGN_INS - 3..=SIGN_INS;
    let newest = last.map(|number| SessionId::from_bytes([number; 16]));
    let kept: Vec<_> = [SessionId::from_bytes([1; 16])]
        .into_iter()
        .chain(newest)
        .collect();
    assert_eq!(live, kept);

    // Each displaced session is ended, with a denial and a security event.
    let ended = store.session(SessionId::from_bytes([2; 16])).await;
    let ended = ended.expect("read").expect("known");
    let refused = rotate(store, refresh(&ended, 0, None)).await.decision;
    let reason = Refusal::Ended(EndReason::Displaced);
    assert_eq!(refused, Decision::Refused(reason));
    let denials = store.live_denials(NOW).await.expect("read");
    assert!(displaced.iter().all(|denial| denials.contains(denial)));
    let events = store.audit_events(ada.id, None, 200, at(SIGN_INS)).await;
    let events = events.expect("read");
    let recorded = events
        .iter()
        .filter(|(_, it)| it.kind == AuditKind::Displaced);
    assert_eq!(recorded.count(), displaced.len());

    // Their records are swept long before the sessions would have expired.
    let soon = at(SIGN_INS).plus(LIMITS.access).plus(SESSION_RETENTION);
    while store.sweep(soon, 500).await.expect("swept") > 0 {}
    let (sessions, _) = store.export(None).await.expect("exported");
    let left = sessions
        .iter()
        .filter(|it| matches!(it, Record::Session { .. }));
    assert_eq!(left.count(), MAX_SESSIONS + 1);
    let next = rotate(store, refresh(&bobs, 0, None)).await;
    assert_eq!(generation(&next.decision), Some(1));

    // Sessions that can no longer be used are displaced first.
    let later = ended.idle_end.plus(Duration::from_mins(2));
    let mut new = new_session(&ada, 100, None);
    new.session.rotated_at = later;
    new.session.opened_at = later;
    new.max_sessions = MAX_SESSIONS;
    let Ok(OpenOutcome::Opened(started)) = store.open_session(new).await else {
        panic!("not opened");
    };
    let [displaced] = &started.displaced[..] else {
        panic!("{:?}", started.displaced);
    };
    assert!(!displaced.was_live);
}
