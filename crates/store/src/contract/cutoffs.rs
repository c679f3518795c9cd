//! Cutoffs: a cutoff ends every session opened before it, even if the session's record has not been
//! updated yet, and none opened after it, even in the same millisecond.

use core::time::Duration;

use latchkey_core::rotation::{Decision, Refusal};
use latchkey_core::{
    AuditKind, Cutoff, Denied, EndReason, Identity, Profile, Requester, Session, SessionId,
    SessionOrigin, User, UserId,
};

use super::fixtures::{
    NOW, device, generation, new_session, profile, refresh, rotate, session, user,
};
use crate::backup::Record;
use crate::request::{EndSessions, OpenOutcome};
use crate::store::Store;

fn all_but(user: &User, keep: Option<SessionId>) -> EndSessions {
    EndSessions {
        user: user.id,
        keep,
        reason: EndReason::EndedAll,
        device: device("192.0.2.1"),
        actor: None,
        note: None,
        now: NOW,
    }
}

async fn cut_off(store: &dyn Store, end: EndSessions) -> Cutoff {
    let ended = store.end_sessions_of(end).await.expect("ended");
    let ended = ended.expect("known");
    let [denial] = &ended.denials[..] else {
        panic!("{ended:?}");
    };
    denial.cutoff.expect("a cutoff")
}

async fn assert_ended(store: &dyn Store, session: &Session, reason: EndReason) {
    let refused = rotate(store, refresh(session, session.generation, None)).await;
    let ended = Refusal::Ended(reason);
    assert_eq!(refused.decision, Decision::Refused(ended));
    let stored = store.session(session.id).await.expect("read");
    assert!(!stored.expect("known").status.is_live());
    let listed = store.live_sessions(session.user, NOW).await.expect("read");
    assert!(listed.iter().all(|live| live.session.id != session.id));
}

/// Everything happens in the same millisecond.
pub(super) async fn same_millisecond(store: &dyn Store) {
    let ada = user(store, 1).await;
    let one = session(store, &ada, 1).await;
    let two = session(store, &ada, 2).await;
    let first = cut_off(store, all_but(&ada, Some(two.id))).await;
    let three = session(store, &ada, 3).await;
    assert!(first.ends(one.id, one.cutoffs.user));
    assert!(
        !first.ends(two.id, two.cutoffs.user),
        "the session to keep was ended"
    );
    assert!(
        !first.ends(three.id, three.cutoffs.user),
        "a session opened later was ended"
    );
    assert_ended(store, &one, EndReason::EndedAll).await;
    for live in [&two, &three] {
        let next = rotate(store, refresh(live, 0, None)).await;
        assert_eq!(generation(&next.decision), Some(1));
    }

    // Keeping an ended session does not revive it, and a session that was kept once is not exempt
    // from later cutoffs.
    let second = cut_off(store, all_but(&ada, Some(one.id))).await;
    assert!(second.ends(one.id, one.cutoffs.user));
    assert!(second.ends(two.id, two.cutoffs.user));
    for ended in [&one, &two, &three] {
        let refused = rotate(store, refresh(ended, 1, None)).await;
        assert!(matches!(refused.decision, Decision::Refused(_)));
    }
    let four = session(store, &ada, 4).await;
    let next = rotate(store, refresh(&four, 0, None)).await;
    assert_eq!(generation(&next.decision), Some(1));

    // A session of another user cannot be kept.
    let bob = user(store, 2).await;
    let bobs = session(store, &bob, 5).await;
    let third = cut_off(store, all_but(&ada, Some(bobs.id))).await;
    assert_eq!(third.spared, None);
    let next = rotate(store, refresh(&bobs, 0, None)).await;
    assert_eq!(generation(&next.decision), Some(1));
}

/// The state after a server stops between the cutoff and the update of the session records.
pub(super) async fn records_not_updated(store: &dyn Store) {
    let profile = Profile {
        identity: Identity {
            issuer: "https://issuer.example".into(),
            subject: "ada".into(),
        },
        email: None,
        email_verified: false,
        name: None,
        hosted_domain: None,
    };
    let mut ada = User::create(UserId::from_bytes([1; 16]), profile, NOW);
    let record = |number: u8, cutoff: Option<Cutoff>| {
        let mut session = new_session(&ada, number, None).session;
        session.cutoffs.user = cutoff.map_or(0, |cutoff| cutoff.number);
        session
    };
    let cutoff = Cutoff::next(None, NOW, EndReason::Banned, None);
    let (before, after) = (record(1, None), record(2, Some(cutoff)));
    ada.cutoff = Some(cutoff);
    let origin = SessionOrigin {
        provider: "demo".into(),
        user_agent: None,
        address: None,
    };
    let records = [&before, &after].map(|session| Record::Session {
        session: session.clone(),
        origin: origin.clone(),
    });
    assert_eq!(store.begin_import().await, Ok(true));
    store.import(records.to_vec()).await.expect("imported");
    let user = vec![Record::User(ada.clone())];
    store.import(user).await.expect("imported");
    store.finish_import().await.expect("finished");

    assert_ended(store, &before, EndReason::Banned).await;
    let live = store.live_sessions(ada.id, NOW).await.expect("read");
    assert_eq!(live.len(), 1);
    // The session has already ended: ending it again is not counted.
    let ended = store.end_session(super::fixtures::end(before.id)).await;
    let ended = ended.expect("ended").expect("known");
    assert!(!ended.was_live);
    // The later update does not touch the live session.
    let mut updated = Vec::new();
    for shard in 0..=u8::MAX {
        updated.extend(store.end_sessions_in_shard(shard).await.expect("updated"));
    }
    // The cutoff of the user ended the session; it is not counted again.
    assert!(updated.iter().all(|it| !it.was_live), "{updated:?}");
    let updated: Vec<_> = updated.iter().map(|it| it.denial.denied).collect();
    assert_eq!(updated, [Denied::Session(before.id)]);
    assert_ended(store, &before, EndReason::Banned).await;
    let next = rotate(store, refresh(&after, 0, None)).await;
    assert_eq!(generation(&next.decision), Some(1));
}

/// A server stopped before it updated the records of ended sessions. When the next sign-in makes room,
/// it records why they ended, and does not report them as live.
pub(super) async fn making_room(store: &dyn Store) {
    let mut ada = User::create(UserId::from_bytes([1; 16]), profile("ada"), NOW);
    let cutoff = Cutoff::next(None, NOW, EndReason::EndedAll, None);
    let mut of_removed_identity = new_session(&ada, 1, None).session;
    of_removed_identity.identity = 7;
    of_removed_identity.cutoffs.user = cutoff.number;
    let before_cutoff = new_session(&ada, 2, None).session;
    ada.cutoff = Some(cutoff);
    let origin = new_session(&ada, 1, None).origin;
    let sessions = [&of_removed_identity, &before_cutoff].map(|session| Record::Session {
        session: session.clone(),
        origin: origin.clone(),
    });
    assert_eq!(store.begin_import().await, Ok(true));
    store.import(sessions.to_vec()).await.expect("imported");
    let user = vec![Record::User(ada.clone())];
    store.import(user).await.expect("imported");
    store.finish_import().await.expect("finished");

    let first = open_with_room_for_one(store, &ada, 3).await;
    assert_ended(store, &of_removed_identity, EndReason::IdentityRemoved).await;
    assert_ended(store, &before_cutoff, EndReason::EndedAll).await;
    // The access tokens of the removed identity's session are denied only now.
    let denials = store.live_denials(NOW).await.expect("read");
    let denied: Vec<_> = denials.iter().map(|denial| denial.denied).collect();
    let expected = [
        Denied::Session(of_removed_identity.id),
        Denied::User(ada.id),
    ];
    assert_eq!(denied, expected);

    // Each user's history shows that the operator ended the session.
    let everyone = store.end_everyone(Requester::default(), NOW).await;
    assert_eq!(everyone.map(|denial| denial.denied), Ok(Denied::Everyone));
    open_with_room_for_one(store, &ada, 4).await;
    assert_ended(store, &first, EndReason::EndedByOperator).await;
    let events = store.audit_events(ada.id, None, 10, NOW).await;
    let events = events.expect("read").into_iter();
    let kinds = events.map(|(_, it)| (it.session, it.kind));
    let kinds = kinds.filter(|(_, kind)| *kind != AuditKind::SignedIn);
    let expected = (Some(first.id), AuditKind::EndedByOperator);
    assert_eq!(kinds.collect::<Vec<_>>(), [expected]);
}

/// Opens a session of a user who may have only one, and whose other sessions have all ended.
async fn open_with_room_for_one(store: &dyn Store, user: &User, number: u8) -> Session {
    let mut new = new_session(user, number, None);
    new.session.opened_at = NOW.plus(Duration::from_secs(number.into()));
    new.max_sessions = 1;
    let Ok(OpenOutcome::Opened(started)) = store.open_session(new).await else {
        panic!("not opened");
    };
    let displaced = started.displaced;
    assert!(displaced.iter().all(|it| !it.was_live), "{displaced:?}");
    started.session
}

/// Records of earlier versions.
pub(super) async fn old_records(store: &dyn Store) {
    let record = |text: &str| -> Record { serde_json::from_str(text).expect("a record") };
    let records = [
        r#"{"user":{"id":"AQEBAQEBAQEBAQEBAQEBAQ","identity":{"issuer":"https://issuer.example",
            "subject":"ada"},"email":"ada@example.com","email_verified":true,"name":null,
            "created_at":1800000000000}}"#,
        r#"{"session":{"id":"AgICAgICAgICAgICAgICAg","sub":"AQEBAQEBAQEBAQEBAQEBAQ",
            "new":1800000000000,"auth":1800000000000,"abs":1800259200000,"idle":1800086400000,
            "gen":0,"keys":[],"rot":1800000000000,"acc":1800000600000,
            "origin":{"provider":"demo","user_agent":null,"address":null}}}"#,
        r#"{"denial":{"denied":{"user":"AQEBAQEBAQEBAQEBAQEBAQ"},"reason":"banned",
            "at":1799999999000,"until":1800000720000}}"#,
    ];
    assert_eq!(store.begin_import().await, Ok(true));
    let records = records.iter().map(|text| record(text)).collect();
    store.import(records).await.expect("imported");
    store.finish_import().await.expect("finished");
    let id = UserId::from_bytes([1; 16]);
    let ada = store.user(id).await.expect("read").expect("known");
    let live = store.live_sessions(id, NOW).await.expect("read");
    let [live] = &live[..] else {
        panic!("{live:?}");
    };
    let next = rotate(store, refresh(&live.session, 0, None)).await;
    assert_eq!(generation(&next.decision), Some(1));
    cut_off(store, all_but(&ada, None)).await;
    assert_ended(store, &live.session, EndReason::EndedAll).await;
    // Tokens that the old denial covered stay denied.
    let denials = store.live_denials(NOW).await.expect("read");
    assert_eq!(denials.len(), 1);
    assert!(denials[0].until > NOW && denials[0].cutoff.is_some());
}
