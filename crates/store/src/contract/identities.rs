//! SECURITY 97: several identities of one user. Each belongs to at most one user, and its removal
//! ends the sessions that were opened with it.

use latchkey_core::rotation::{Decision, Refusal};
use latchkey_core::{
    AuditKind, Denied, EndReason, LinkTarget, Requester, Session, TooManyIdentities, UnlinkError,
    User, UserId,
};
use tokio::task::JoinSet;

use super::fixtures::{
    NOW, StorePair, device, end, generation, new_session, profile, refresh, rotate, session, user,
};
use crate::request::{
    LinkIdentity, LinkOutcome, NewSession, OpenOutcome, UnlinkIdentity, UnlinkOutcome,
};
use crate::store::Store;

pub(super) fn link_of(session: &Session, subject: &str) -> LinkIdentity {
    LinkIdentity {
        target: LinkTarget {
            user: session.user,
            session: session.id,
        },
        profile: profile(subject),
        device: device("192.0.2.7"),
        now: NOW,
    }
}

pub(super) fn unlink_of(session: &Session, number: u32) -> UnlinkIdentity {
    UnlinkIdentity {
        user: session.user,
        number,
        session: session.id,
        device: device("192.0.2.7"),
        now: NOW,
    }
}

/// A session that is opened with this identity.
pub(super) fn session_with_identity(user: &User, number: u8, identity: u32) -> NewSession {
    let mut new = new_session(user, number, None);
    new.session.identity = identity;
    new
}

async fn linked(store: &dyn Store, link: LinkIdentity) -> User {
    match store.link_identity(link).await {
        Ok(LinkOutcome::Linked { user, is_new: true }) => *user,
        other => panic!("{other:?}"),
    }
}

pub(super) async fn linking(store: &dyn Store) {
    let (ada, bob) = (user(store, 1).await, user(store, 2).await);
    let one = session(store, &ada, 1).await;
    let with_two = linked(store, link_of(&one, "work")).await;
    assert_eq!(store.user(ada.id).await, Ok(Some(with_two.clone())));
    // A sign-in with the identity finds the user, and updates only the claims of that identity.
    let mut renamed = profile("work");
    renamed.name = Some("Countess".into());
    let nobody = UserId::from_bytes([99; 16]);
    let found = store.upsert_identity(renamed, nobody, NOW).await;
    let found = found.expect("found");
    assert_eq!((found.id, &found.name), (ada.id, &ada.name));
    let number = found.number_of(&profile("work").identity).expect("linked");
    let seen = found.signed_in_with(number).expect("linked");
    assert_eq!(seen.name.as_deref(), Some("Countess"));
    // The user is found by either address.
    for email in ["user-1@example.com", "work@example.com"] {
        let found = store.users_by_email(email.into()).await.expect("read");
        assert_eq!(found.len(), 1, "{email}");
    }
    // Linking it again updates the claims and records no event.
    let again = store.link_identity(link_of(&one, "work")).await;
    let is_new = |it| matches!(it, Ok(LinkOutcome::Linked { is_new: true, .. }));
    assert!(!is_new(again));

    let bobs = session(store, &bob, 2).await;
    for taken in ["work", "user-1"] {
        let refused = store.link_identity(link_of(&bobs, taken)).await;
        assert_eq!(refused, Ok(LinkOutcome::InUse), "{taken}");
    }
    // The session must be live and belong to the user.
    let mut foreign = link_of(&bobs, "x");
    foreign.target.user = ada.id;
    let refused = store.link_identity(foreign).await;
    assert_eq!(refused, Ok(LinkOutcome::SessionEnded));
    let mut idle = link_of(&bobs, "x");
    idle.now = bobs.idle_end;
    let refused = store.link_identity(idle).await;
    assert_eq!(refused, Ok(LinkOutcome::SessionEnded));
    store.end_session(end(bobs.id)).await.expect("ended");
    let refused = store.link_identity(link_of(&bobs, "x")).await;
    assert_eq!(refused, Ok(LinkOutcome::SessionEnded));

    let events = store.audit_events(ada.id, None, 10, NOW).await;
    let kinds: Vec<_> = events.expect("read").iter().map(|it| it.1.kind).collect();
    assert_eq!(kinds, [AuditKind::IdentityLinked, AuditKind::SignedIn]);
    let mut number = 2;
    let refused = loop {
        let link = link_of(&one, &number.to_string());
        match store.link_identity(link).await.expect("a result") {
            LinkOutcome::Linked { .. } => number += 1,
            refused => break refused,
        }
    };
    assert_eq!(refused, LinkOutcome::TooMany);
    let full = store.user(ada.id).await.expect("read").expect("known");
    assert_eq!(full.clone().link(profile("y"), NOW), Err(TooManyIdentities));
}

pub(super) async fn removing(store: &dyn Store) {
    let ada = user(store, 1).await;
    let one = session(store, &ada, 1).await;
    let refused = store.unlink_identity(unlink_of(&one, 0)).await;
    let last = UnlinkOutcome::Refused(UnlinkError::Last);
    assert_eq!(refused, Ok(last.clone()));
    let ada = linked(store, link_of(&one, "work")).await;
    for unknown in [7, u32::MAX] {
        let refused = store.unlink_identity(unlink_of(&one, unknown)).await;
        let expected = UnlinkOutcome::Refused(UnlinkError::Unknown);
        assert_eq!(refused, Ok(expected));
    }
    // More sessions than fit into one batch.
    let sessions: u8 = 120;
    let mut opened = Vec::new();
    for number in 10..10 + sessions {
        let new = session_with_identity(&ada, number, 1);
        match store.open_session(new).await {
            Ok(OpenOutcome::Opened(session)) => opened.push(session.session),
            other => panic!("{other:?}"),
        }
    }
    let removed = store.unlink_identity(unlink_of(&one, 1)).await;
    let Ok(UnlinkOutcome::Unlinked(ended)) = removed else {
        panic!("{removed:?}");
    };
    assert!(ended.iter().all(|it| it.was_live && it.user == ada.id));
    let denied: Vec<_> = ended.iter().map(|it| it.denial.denied).collect();
    assert_eq!(denied.len(), usize::from(sessions));
    assert!(
        opened
            .iter()
            .all(|it| denied.contains(&Denied::Session(it.id)))
    );
    let live = store.live_denials(NOW).await.expect("read");
    assert!(ended.iter().all(|it| live.contains(&it.denial)));
    for session in &opened {
        let refused = rotate(store, refresh(session, 0, None)).await.decision;
        let reason = Refusal::Ended(EndReason::IdentityRemoved);
        assert_eq!(refused, Decision::Refused(reason));
    }
    // Sessions of other identities stay live. No session can be opened with the removed identity.
    let next = rotate(store, refresh(&one, 0, None)).await;
    assert_eq!(generation(&next.decision), Some(1));
    let late = store.open_session(session_with_identity(&ada, 5, 1)).await;
    assert_eq!(late, Ok(OpenOutcome::UnknownUser));
    let found = store.users_by_email("work@example.com".into()).await;
    assert_eq!(found, Ok(Vec::new()));
    let events = store.audit_events(ada.id, None, 1, NOW).await;
    let latest = &events.expect("read")[0].1;
    assert_eq!(latest.kind, AuditKind::IdentityRemoved);
    assert_eq!(latest.device, device("192.0.2.7"));
    // Another user can sign up with the identity.
    let fresh = UserId::from_bytes([50; 16]);
    let other = store.upsert_identity(profile("work"), fresh, NOW).await;
    assert_eq!(other.map(|user| user.id), Ok(fresh));
    let refused = store.unlink_identity(unlink_of(&one, 0)).await;
    assert_eq!(refused, Ok(last));
    // The session that requests the removal must be live and belong to the user.
    let bobs = session(store, &user(store, 2).await, 2).await;
    let mut foreign = unlink_of(&bobs, 0);
    foreign.user = ada.id;
    let refused = store.unlink_identity(foreign).await;
    assert_eq!(refused, Ok(UnlinkOutcome::SessionEnded));
    linked(store, link_of(&one, "again")).await;
    let two = session(store, &ada, 3).await;
    store.end_session(end(one.id)).await.expect("ended");
    let refused = store.unlink_identity(unlink_of(&one, 0)).await;
    assert_eq!(refused, Ok(UnlinkOutcome::SessionEnded));
    // A banned user cannot remove an identity and then sign up again with it.
    let banned = store.ban_user(ada.id, "spam".into(), None, Requester::default(), NOW);
    assert!(banned.await.expect("banned").is_some());
    let refused = store.unlink_identity(unlink_of(&two, 0)).await;
    assert_eq!(refused, Ok(UnlinkOutcome::Banned));
}

/// If several users try to link an identity while a new user signs up with it, at two servers at
/// once, exactly one of them gets it.
pub(super) async fn one_user_gets_an_identity(stores: StorePair) {
    for round in 0..10_u8 {
        let subject = format!("wanted-{round}");
        let mut tasks = JoinSet::new();
        for number in 0..6_u8 {
            let store = stores[usize::from(number % 2)].clone();
            let id = 1 + round * 10 + number;
            let owner = user(&*store, id).await;
            let session = session(&*store, &owner, id).await;
            let subject = subject.clone();
            tasks.spawn(async move {
                if number == 5 {
                    let fresh = UserId::from_bytes([200 + round; 16]);
                    let found = store.upsert_identity(profile(&subject), fresh, NOW).await;
                    return Some(found.expect("found").id);
                }
                match store.link_identity(link_of(&session, &subject)).await {
                    Ok(LinkOutcome::Linked { user, .. }) => Some(user.id),
                    Ok(LinkOutcome::InUse) => None,
                    other => panic!("{other:?}"),
                }
            });
        }
        let mut owners: Vec<_> = tasks.join_all().await.into_iter().flatten().collect();
        owners.sort();
        owners.dedup();
        assert_eq!(owners.len(), 1, "several users got the identity");
        let nobody = UserId::from_bytes([255; 16]);
        let found = stores[0].upsert_identity(profile(&subject), nobody, NOW);
        assert_eq!(found.await.map(|user| user.id), Ok(owners[0]));
    }
}

/// Whether the removal or a sign-in comes first, no session opened with the identity stays live.
pub(super) async fn removal_against_sign_ins(stores: StorePair) {
    for round in 0..10_u8 {
        let ada = user(&*stores[0], 1 + round).await;
        let one = session(&*stores[0], &ada, 200 + round).await;
        let ada = linked(&*stores[0], link_of(&one, &format!("work-{round}"))).await;
        let mut tasks = JoinSet::new();
        for number in 0..6_u8 {
            let store = stores[usize::from(number % 2)].clone();
            let (ada, one) = (ada.clone(), one.clone());
            tasks.spawn(async move {
                if number == 3 {
                    let removed = store.unlink_identity(unlink_of(&one, 1)).await;
                    assert!(matches!(removed, Ok(UnlinkOutcome::Unlinked(_))));
                    return None;
                }
                let new = session_with_identity(&ada, round * 8 + number, 1);
                match store.open_session(new).await.expect("a result") {
                    OpenOutcome::Opened(opened) => Some(opened.session.id),
                    _ => None,
                }
            });
        }
        let opened = tasks.join_all().await;
        let denials = stores[1].live_denials(NOW).await.expect("read");
        for id in opened.into_iter().flatten() {
            let is_denied = denials.iter().any(|it| it.denied == Denied::Session(id));
            assert!(is_denied, "an access token outlives the identity");
        }
        let live = stores[1].live_sessions(ada.id, NOW).await.expect("read");
        assert_eq!(live.len(), 1);
    }
}
